import { PieceLog } from './piece-log.js';

/**
 * The pieces of one shared computation as the readers in this process see them: the current log, and the next one
 * after a take-over. Costs next to nothing as long as nobody reads.
 */
export class Relay {
  #log: PieceLog | undefined;
  #change: PromiseWithResolvers<void> | undefined;

  /** The log of the latest computation that produced pieces; `undefined` before the first. */
  get log(): PieceLog | undefined {
    return this.#log;
  }

  /** Begins the log of another computation; the current one is interrupted unless it is complete. */
  begin(isLocal: boolean): PieceLog {
    const former = this.#log;
    this.#log = new PieceLog(isLocal, () => this.wake());
    former?.interrupt();
    return this.#log;
  }

  /** Resolves at the next change. All readers share the promise. */
  changed(): Promise<void> {
    this.#change ??= withResolvers();
    return this.#change.promise;
  }

  /** Wakes the readers that wait for a change. */
  wake(): void {
    const change = this.#change;
    this.#change = undefined;
    change?.resolve();
  }
}

interface PromiseWithResolvers<T> {
  promise: Promise<T>;
  resolve: (value: T) => void;
}

// Promise.withResolvers is missing in Node 20.
function withResolvers(): PromiseWithResolvers<void> {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
