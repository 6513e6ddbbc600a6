import type { Cluster, Redis } from 'ioredis';
import type { RedisConnectionOptions } from 'nestjs-redis-connection';
import type { GetOrSetDefaults } from './get-or-set-options.js';

/** How Redis is reached; a `client` of your own excludes everything else that chooses a server. */
export interface CacheConnectionOptions extends RedisConnectionOptions {
  /** A client of ioredis. It keeps its options; this module never closes it and never makes it reconnect. */
  client?: Redis | Cluster;
}

/** Limits of the in-process backend. */
export interface MemoryOptions {
  /** Bytes that cached entries may take; the least recently used give way. Default 67,108,864 (64 MiB). */
  maxBytes?: number;
}

/**
 * Copies of entries in this process, for hits without a round trip. They are kept true by listening to
 * Redis on one more connection; values are frozen, since all callers share them.
 */
export interface NearOptions {
  /** Bytes that copies may take, by their size in Redis. Default 67,108,864 (64 MiB). */
  maxBytes?: number;
  /** How many copies there may be. Default 10,000. */
  maxEntries?: number;
  /**
   * How long copies are served while Redis cannot be heard, in seconds; a change that is not heard shows
   * that late. Default 30.
   */
  staleSeconds?: number;
  /**
   * `server` (default): the server tells what changes, expiry and writes of other programs included; on a
   * Cluster, and with `pubsub`, the processes tell each other, so all of them must be set alike.
   */
  invalidation?: 'server' | 'pubsub';
}

/** Computed values that wait for Redis to come back. */
export interface WriteBehindOptions {
  /** Above it the oldest give way, and are counted. Default 1,000. */
  maxEntries?: number;
  /** The same for their bytes. Default 16,777,216 (16 MiB). */
  maxBytes?: number;
}

/** The request queue. All options but `name` are also the defaults of the queues that `queue(name)` returns. */
export interface QueueOptions extends NamedQueueOptions {
  /** Name within the prefix, default `requests`. Instances with one prefix and one name share a queue. */
  name?: string;
}

/** Limits of one queue. Processes that share a queue should agree on them. */
export interface NamedQueueOptions {
  /** Requests that may wait; above it `queueRequest` answers `false`. Default 100,000. */
  maxLength?: number;
  /** Size of one request as JSON, in bytes; above it `queueRequest` throws. Default 1,048,576 (1 MiB). */
  maxRequestBytes?: number;
  /**
   * How long a reserved request stays with its consumer when the call does not say, in seconds, 0.05 to
   * 86,400. Default 30.
   */
  leaseSeconds?: number;
  /** A request that comes back after so many deliveries goes to the dead letters. Default 5. */
  maxDeliveries?: number;
  /** Dead letters that are kept; above it the oldest give way. Default 10,000. */
  maxDeadLetters?: number;
}

/** What `/health` says. */
export interface HealthOptions {
  /**
   * `false` (default): without Redis the state is `degraded` and the check passes, since fallbacks serve.
   * `true`: without Redis the state is `down` and the check fails.
   */
  required?: boolean;
  /** How long the check may take, in milliseconds. Default 1,000. */
  timeoutMs?: number;
}

/**
 * Options of `RedisCacheModule.forRoot()`, and what a factory of `forRootAsync()` answers.
 *
 * @example
 * RedisCacheModule.forRoot({ connection: { url: 'redis://cache.internal:6379' }, ttlSeconds: 600 })
 */
export interface RedisCacheOptions {
  /**
   * `redis` (default), or `memory`: this process alone, nothing survives it. Memory is never chosen
   * silently, because a queue that dies with the process loses work.
   */
  backend?: 'redis' | 'memory';
  /** How Redis is reached; default `localhost:6379`. */
  connection?: CacheConnectionOptions;
  /**
   * Start of every key, default `redis-cache`. Keeps this cache apart from everything else in the
   * database; `clearCache()` touches nothing outside it.
   */
  keyPrefix?: string;
  /** TTL of a response when the call names none, in seconds. Default 3,600. */
  ttlSeconds?: number;
  /**
   * Deadline of one operation, in milliseconds; an operation without a reply gets its fallback after
   * seven eighths to all of it. A whole deadline without any reply opens the breaker. Default 500.
   */
  commandTimeoutMs?: number;
  /** How long opening a connection may take, in milliseconds. Default 2,000. */
  connectTimeoutMs?: number;
  /** Size of one response as JSON, in bytes; above it `cacheResponse` throws. Default 8,388,608 (8 MiB). */
  maxValueBytes?: number;
  /**
   * Values above this size as JSON, in bytes, are stored compressed, which is done off the event loop.
   * Costs time at every write and read of such a value. Default: never.
   */
  compressAboveBytes?: number;
  memory?: MemoryOptions;
  /** Copies in this process; without this option there are none. `{}` takes every default. */
  near?: NearOptions;
  /** Defaults of every `getOrSet` call. */
  getOrSet?: GetOrSetDefaults;
  writeBehind?: WriteBehindOptions;
  queue?: QueueOptions;
  health?: HealthOptions;
}
