import { onAbort } from 'nestjs-redis-connection';
import { StreamInterruptedError } from '../errors/errors.js';
import type { PieceLog } from '../stream/piece-log.js';
import type { CacheResult, CacheResultStatus } from './cache-result.js';
import type { CacheStream } from './cache-stream.js';
import type { Computation } from './computations.js';
import type { Computed } from './result-keeper.js';

export interface LiveStreamOptions<C, V> {
  key: string;
  /** Status while the computation runs in this process. */
  ownStatus: CacheResultStatus;
  collect: (pieces: readonly C[]) => V;
  replay: (value: V) => Iterable<C>;
  resultOf: (computed: Computed, status: CacheResultStatus) => CacheResult<V>;
  /** Ends this stream when it aborts. */
  signal: AbortSignal | undefined;
}

type Outcome = { computed: Computed } | { error: unknown };

const DONE: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined });

/**
 * The stream of a computation in progress, for one caller. It counts as one waiter of the computation from the start;
 * it leaves when its last iterator returns, and joins again when another one begins.
 *
 * The first piece that an iterator receives binds the stream to the log of that piece: a take-over begins another log,
 * and its pieces never follow those of this one.
 */
export class LiveStream<C, V> implements CacheStream<C, V> {
  readonly source = 'factory';
  /** It is being produced, so its TTL has not begun. */
  readonly ageSeconds = 0;
  readonly ttlSeconds = null;
  readonly durationMs = null;
  #status: CacheResultStatus;
  /** The log to which this stream is bound. */
  #log: PieceLog | undefined;
  #unbind = (): void => {};
  #leave: (() => void) | undefined;
  #unwant = (): void => {};
  #stopListening = (): void => {};
  #aborted: { reason: unknown } | undefined;
  #outcome: Outcome | undefined;
  #replayed: readonly C[] | undefined;
  /** Iterators that have not ended, and calls of `collected`. */
  #users = 0;

  constructor(
    private readonly computation: Computation,
    private readonly options: LiveStreamOptions<C, V>,
  ) {
    this.#status = options.ownStatus;
    this.#join();
    const { signal } = options;
    if (signal) this.#stopListening = onAbort(signal, () => this.#abort(signal.reason));
    if (signal?.aborted) this.#abort(signal.reason);
    computation.flight.outcome.then(
      (computed) => this.#settle({ computed }),
      (error: unknown) => this.#settle({ error }),
    );
  }

  get status(): CacheResultStatus {
    return this.#status;
  }

  get key(): string {
    return this.options.key;
  }

  /**
   * Resolves when there is a piece to read, or with the value when the computation ended without one. Rejects when it
   * fails before its first piece.
   */
  async ready(): Promise<Computed | undefined> {
    for (;;) {
      this.#throwIfAborted();
      const log = this.#readable();
      if (log && log.pieces.length > 0) {
        if (!log.isLocal) this.#status = 'collapsed';
        return undefined;
      }
      if (this.#outcome) return computedOf(this.#outcome);
      await this.computation.relay.changed();
    }
  }

  /** The caller has another value: the signal no longer ends this stream, which wants no pieces but remains a waiter. */
  detach(): void {
    this.#stopListening();
    this.#unwant();
  }

  async collected(): Promise<CacheResult<V>> {
    this.#use();
    for (;;) {
      this.#throwIfAborted();
      if (this.#log?.state === 'interrupted') throw new StreamInterruptedError();
      if (this.#outcome) return this.options.resultOf(computedOf(this.#outcome), this.status);
      await this.computation.relay.changed();
    }
  }

  [Symbol.asyncIterator](): AsyncIterator<C, undefined> {
    this.#use();
    return new LiveIterator<C>(
      (index) => this.#at(index),
      () => this.computation.relay.changed(),
      () => this.#release(),
    );
  }

  /** The piece, or the end; `undefined` when it has not come yet. */
  #at(index: number): IteratorResult<C, undefined> | undefined {
    this.#throwIfAborted();
    const log = this.#readable();
    if (log && index < log.pieces.length) {
      if (this.#log === undefined) this.#bind(log);
      return { done: false, value: log.pieces[index] as C };
    }
    if (this.#log?.state === 'interrupted') throw new StreamInterruptedError();
    // The end and a failure come when the computation has ended, so that a call after them does not join it.
    if (this.#outcome === undefined) return undefined;
    if ('error' in this.#outcome) throw this.#outcome.error;
    return this.#log !== undefined || log?.state === 'ended' ? DONE : this.#replayedAt(index);
  }

  /** Of a computation that produced a whole value, or whose pieces this process has not seen. */
  #replayedAt(index: number): IteratorResult<C, undefined> {
    const { replay, resultOf } = this.options;
    const computed = computedOf(this.#outcome!);
    this.#replayed ??= [...replay(resultOf(computed, this.status).value)];
    return index < this.#replayed.length ? { done: false, value: this.#replayed[index]! } : DONE;
  }

  /** The log of this stream; before its first piece the current one. */
  #readable(): PieceLog | undefined {
    if (this.#log !== undefined) return this.#log;
    const { log } = this.computation.relay;
    return log?.state === 'interrupted' ? undefined : log;
  }

  #bind(log: PieceLog): void {
    this.#log = log;
    if (this.#leave !== undefined) this.#unbind = log.bind(() => this.#depart());
  }

  #abort(reason: unknown): void {
    this.#aborted = { reason };
    this.#depart();
    this.computation.relay.wake();
  }

  #throwIfAborted(): void {
    if (this.#aborted) throw this.#aborted.reason;
  }

  #settle(outcome: Outcome): void {
    this.#outcome = outcome;
    this.#stopListening();
    this.#unbind();
    this.computation.relay.wake();
  }

  #use(): void {
    this.#users += 1;
    if (this.#aborted === undefined) this.#join();
  }

  #release(): void {
    this.#users -= 1;
    if (this.#users === 0) this.#depart();
    // A call of `next` may be waiting.
    this.computation.relay.wake();
  }

  #join(): void {
    if (this.#leave !== undefined || this.#log?.state === 'interrupted') return;
    this.#leave = this.computation.flight.enter();
    this.#unwant = this.computation.relay.want(this.options.collect);
    if (this.#log !== undefined) this.#bind(this.#log);
  }

  #depart(): void {
    if (this.#leave === undefined) return;
    this.#unbind();
    this.#unwant();
    this.#leave();
    this.#leave = undefined;
  }
}

function computedOf(outcome: Outcome): Computed {
  if ('error' in outcome) throw outcome.error;
  return outcome.computed;
}

/** Not an async generator: its `return()` would wait for a pending `next()`, so that a silent stream could not be left. */
class LiveIterator<C> implements AsyncIterator<C, undefined> {
  #index = 0;
  #ended = false;

  constructor(
    private readonly at: (index: number) => IteratorResult<C, undefined> | undefined,
    private readonly changed: () => Promise<void>,
    private readonly onEnd: () => void,
  ) {}

  async next(): Promise<IteratorResult<C, undefined>> {
    for (;;) {
      const step = this.#step();
      if (step !== undefined) return step;
      await this.changed();
    }
  }

  async return(): Promise<IteratorResult<C, undefined>> {
    this.#end();
    return DONE;
  }

  #step(): IteratorResult<C, undefined> | undefined {
    if (this.#ended) return DONE;
    try {
      const step = this.at(this.#index);
      if (step?.done) this.#end();
      else if (step) this.#index += 1;
      return step;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onEnd();
  }
}
