import type { RedisConnectionOptions } from 'nestjs-redis-connection';
import type { CommonPoolOptions } from './worker-pool-options.js';

/** What a process does. `producer`: submits and waits. `worker`: runs tasks. `both`: one process for all. */
export type PoolRole = 'producer' | 'worker' | 'both';

/** At most `max` tasks start within `durationMs` milliseconds, in all workers of the queue together. */
export interface PoolRateLimit {
  max: number;
  durationMs: number;
}

/**
 * Options of a pool over BullMQ on Redis. Processes that name the same Redis, `keyPrefix` and `queueName` are
 * one pool. Needs the packages `bullmq` and `ioredis`, which are loaded only for this driver.
 *
 * @example
 * createWorkerPool({
 *   driver: 'bullmq',
 *   role: 'producer',
 *   executor: new OfflineExecutor(),
 *   connection: { url: 'redis://queue.internal:6379' },
 *   fallback: 'local',
 * });
 */
export interface BullmqPoolOptions extends CommonPoolOptions {
  driver: 'bullmq';

  /** Default: `both`. A producer holds the executor to check requests with it, and never calls it. */
  role?: PoolRole;

  /** How the queue's Redis is reached; default `localhost:6379`. It wants `maxmemory-policy noeviction`. */
  connection?: RedisConnectionOptions;

  /** Start of every key in Redis, in braces, so that all of them lie in one slot of a Cluster. Default: `worker-pool`. */
  keyPrefix?: string;

  /** Name of the queue within the prefix, without a colon. Default: `tasks`. */
  queueName?: string;

  /**
   * How long one call waits for Redis, in milliseconds. Default: 1,000. Past it the call throws
   * `PoolUnavailableError`; while Redis is known to be away calls throw at once. A connection on which nothing
   * comes back for 5,000 ms, or for this time if it is longer, is replaced by a new one.
   */
  commandTimeoutMs?: number;

  /** How long opening a connection may take, in milliseconds. Default: 2,000. */
  connectTimeoutMs?: number;

  /**
   * How long those who wait for a result hold out while Redis is away, in milliseconds. Default: 30,000.
   * Then they get `PoolUnavailableError`; the task itself is in Redis and goes on.
   */
  outageToleranceMs?: number;

  /**
   * `local`: while the queue is unavailable, `run` does the work in this process, with this pool's
   * `concurrency` and `maxBacklog`. Default: `none`: it throws `PoolUnavailableError`, as `submit` always does.
   * Work may then be done twice across processes.
   */
  fallback?: 'none' | 'local';

  /**
   * How often a task is started at most when its workers die, 1 to 100. Default: 3. After that it is `failed`
   * with `ERR_TASK_ABANDONED`. A failure of the executor is an answer and is not tried again.
   */
  maxAttempts?: number;

  /**
   * How long a worker holds a task without renewing its claim, in milliseconds. Default: 5,000. The task of a
   * worker that died starts again after at most this plus two `stalledIntervalMs`.
   */
  lockDurationMs?: number;

  /** How often workers look for tasks whose worker died, in milliseconds. Default: 2,000. */
  stalledIntervalMs?: number;

  /**
   * Tasks that run at the same time in all workers together. 0: no limit. Default: what a worker has set
   * before; the limit is kept in Redis.
   */
  globalConcurrency?: number;

  /** How many tasks may start in a time, in all workers together; all should be given the same. Default: no limit. */
  rateLimit?: PoolRateLimit;

  /** Bytes of a task as JSON: request, context and options. Default: 1,048,576 (1 MiB). Larger ones are refused. */
  maxRequestBytes?: number;

  /** Bytes of a result as JSON. Default: 1,048,576 (1 MiB). A larger one fails its task. */
  maxResultBytes?: number;
}
