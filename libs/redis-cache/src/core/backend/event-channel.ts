/**
 * What is heard from the processes that share a cache, and from the server.
 * - `ended`: a computation of the key has ended
 * - `changed`: the entry was written, deleted, evicted, or has expired
 * - `invalidated`: the tag has a new version
 * - `flushed`: anything may have changed
 * - `up`, `down`: from now on everything is heard, or nothing is
 * - `refused`: the server will not say what changes
 */
export type CacheEvent =
  | { type: 'ended' | 'changed'; key: string }
  | { type: 'invalidated'; tag: string }
  | { type: 'flushed' | 'up' | 'down' | 'refused' };

export type CacheEventListener = (event: CacheEvent) => void;

/** Hears events as long as its connection stands; none is kept for later. */
export interface EventChannel {
  /** Begins to listen, on a connection of its own. */
  listen(listener: CacheEventListener): void;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}
