import type { Ages, CacheResult, CacheResultStatus } from './cache-result.js';

/** A value in pieces, while it is being produced or from the cache. */
export interface CacheStream<C, V> extends AsyncIterable<C>, Ages {
  /** As in `CacheResult`; of a stream in progress `miss`, `collapsed` or `bypass`. */
  readonly status: CacheResultStatus;
  /** `near`: the copy in this process; `redis`: the backend; `factory`: produced now. */
  readonly source: 'near' | 'redis' | 'factory';
  readonly key: string;
  /**
   * Resolves at the end with the collected value and how it was stored; rejects as the iteration does. Iterating is
   * not required.
   */
  collected(): Promise<CacheResult<V>>;
  /**
   * Reads from the first piece. `return()`, which a `break` calls, leaves the stream: when nobody else reads it or
   * waits for its value, in this process or another, the factory's signal aborts.
   */
  [Symbol.asyncIterator](): AsyncIterator<C>;
}

/** The stream of a value that is there. */
export class ReplayedStream<C, V> implements CacheStream<C, V> {
  readonly status: CacheResultStatus;
  readonly source: CacheResult<V>['source'];
  readonly key: string;
  readonly ageSeconds: number | null;
  readonly ttlSeconds: number | null;
  readonly durationMs: number | null;
  readonly #result: CacheResult<V>;
  readonly #replay: (value: V) => Iterable<C>;

  constructor(result: CacheResult<V>, replay: (value: V) => Iterable<C>) {
    this.status = result.status;
    this.source = result.source;
    this.key = result.key;
    this.ageSeconds = result.ageSeconds;
    this.ttlSeconds = result.ttlSeconds;
    this.durationMs = result.durationMs;
    this.#result = result;
    this.#replay = replay;
  }

  async collected(): Promise<CacheResult<V>> {
    return this.#result;
  }

  [Symbol.asyncIterator](): AsyncIterator<C> {
    return new ReplayIterator(this.#replay(this.#result.value)[Symbol.iterator]());
  }
}

/** Not an async generator, which costs several times as much for each piece. */
class ReplayIterator<C> implements AsyncIterator<C> {
  constructor(private readonly pieces: Iterator<C>) {}

  async next(): Promise<IteratorResult<C>> {
    return this.pieces.next();
  }

  async return(): Promise<IteratorResult<C>> {
    this.pieces.return?.();
    return { done: true, value: undefined };
  }
}
