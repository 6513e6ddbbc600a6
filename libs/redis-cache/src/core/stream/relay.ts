import type { TagVersions } from '../entry/entry-envelope.js';
import { PieceLog } from './piece-log.js';

/** Under what a computation runs, which tells whether it is still valid. */
export interface Claim {
  /** Token of the lease, in this process or another; `null` without a lease. */
  readonly token: string | null;
  /** Versions of the tags before the computation began; `undefined` without tags, `null` when they could not be read. */
  readonly tags: TagVersions | null | undefined;
}

/** What a relay does with the computation whose pieces it relays. */
export interface RelayedComputation {
  /** Adds a waiter. Returns the function with which it leaves. */
  enter(): () => void;
  queryBeforeAbandoning(isNeeded: () => Promise<boolean>): void;
}

type Collect = (pieces: readonly never[]) => unknown;

/**
 * The pieces of one shared computation as the readers in this process see them: the current log, and the next one
 * after a take-over. Costs next to nothing as long as nobody reads.
 */
export class Relay {
  #log: PieceLog | undefined;
  #claim: Claim | undefined;
  #change: PromiseWithResolvers<void> | undefined;
  #readers = 0;
  #isSettled = false;
  #collect: Collect | undefined;
  #onWanted = (): void => {};
  #computation: RelayedComputation | undefined;

  /** The log of the latest computation that produced pieces; `undefined` before the first. */
  get log(): PieceLog | undefined {
    return this.#log;
  }

  /** `undefined` before the first attempt to acquire the lease. */
  get claim(): Claim | undefined {
    return this.#claim;
  }

  set claim(claim: Claim) {
    this.#claim = claim;
    this.wake();
  }

  /** Whether the computation has ended. */
  get isSettled(): boolean {
    return this.#isSettled;
  }

  /** Whether some caller reads pieces. */
  get isWanted(): boolean {
    return this.#readers > 0;
  }

  /** Makes a value of pieces. `undefined` if no caller has ever wanted pieces. */
  get collect(): Collect | undefined {
    return this.#collect;
  }

  /** Adds a caller that reads pieces. Returns the function with which it leaves; idempotent. */
  want(collect: Collect): () => void {
    this.#collect ??= collect;
    this.#readers += 1;
    if (this.#readers === 1) this.#onWanted();
    let left = false;
    return () => {
      if (!left) this.#readers -= 1;
      left = true;
    };
  }

  /** Sets the only listener, which is called when the first caller wants pieces. */
  onWanted(listener: () => void): void {
    this.#onWanted = listener;
  }

  /** To be called once. */
  attach(computation: RelayedComputation): void {
    this.#computation = computation;
  }

  /** Becomes a waiter of the computation, for readers in other processes. Returns the function with which it leaves. */
  hold(): () => void {
    return this.#computation?.enter() ?? ((): void => {});
  }

  /** Sets what is queried before the computation is abandoned because nobody in this process waits for it. */
  queryBeforeAbandoning(isNeeded: () => Promise<boolean>): void {
    this.#computation?.queryBeforeAbandoning(isNeeded);
  }

  /** Begins the log of another computation; the current one is interrupted unless it is complete. */
  begin(isLocal: boolean): PieceLog {
    const former = this.#log;
    this.#log = new PieceLog(isLocal, () => this.wake());
    former?.interrupt();
    return this.#log;
  }

  /** The computation has ended: a log that is not complete gets no more pieces. */
  settle(hasFailed: boolean): void {
    this.#isSettled = true;
    this.wake();
    if (hasFailed) this.#log?.fail();
    else this.#log?.interrupt();
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
