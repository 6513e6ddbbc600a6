import { deepFreeze } from '../util/json-value.js';

/**
 * - `open`: more pieces may follow
 * - `ended`: complete
 * - `failed`: the computation failed after these pieces
 * - `interrupted`: it is unknown what would have followed
 */
export type PieceLogState = 'open' | 'ended' | 'failed' | 'interrupted';

/**
 * The pieces of one computation, in order. All readers in this process read the same log by index, each at its own
 * pace. Once it has left the state `open`, it no longer changes.
 */
export class PieceLog {
  readonly #pieces: unknown[] = [];
  readonly #readers = new Set<() => void>();
  #state: PieceLogState = 'open';

  /**
   * @param isLocal whether this process produces the pieces
   * @param onChange called after each change
   */
  constructor(
    readonly isLocal: boolean,
    private readonly onChange: () => void,
  ) {}

  get pieces(): readonly unknown[] {
    return this.#pieces;
  }

  get state(): PieceLogState {
    return this.#state;
  }

  /** Whether some reader has received a piece and has not left. */
  get hasReaders(): boolean {
    return this.#readers.size > 0;
  }

  /** Appends pieces, which are frozen because all readers share them. Has no effect unless the log is open. */
  append(pieces: readonly unknown[]): void {
    if (this.#state !== 'open') return;
    for (const piece of pieces) this.#pieces.push(deepFreeze(piece));
    this.onChange();
  }

  end(): void {
    this.#close('ended');
  }

  fail(): void {
    this.#close('failed');
  }

  /** Readers that have received a piece are called back, because they cannot continue with another log. */
  interrupt(): void {
    if (!this.#close('interrupted')) return;
    for (const onInterrupted of this.#readers) onInterrupted();
  }

  /** Registers a reader that has received a piece. Returns the function with which it leaves. */
  bind(onInterrupted: () => void): () => void {
    this.#readers.add(onInterrupted);
    return () => void this.#readers.delete(onInterrupted);
  }

  #close(state: PieceLogState): boolean {
    if (this.#state !== 'open') return false;
    this.#state = state;
    this.onChange();
    return true;
  }
}
