import {
  connectionSchema,
  type OptionsOf,
  type RedisConnectionOptions,
  wholeNumber,
} from 'nestjs-redis-connection';
import { z } from 'zod';
import { MAX_TIMER_MS } from '../contract/validation.js';

const MAX_BYTES = 512 * 1024 * 1024;
const MIN_LOCK_MS = 500;

const name = (forbidden: RegExp, problem: string) =>
  z
    .string({ error: 'must be a string' })
    .min(1, { error: 'must not be empty' })
    .max(128, { error: 'must not be longer than 128 characters' })
    .refine((value) => !forbidden.test(value), { error: problem });

const oneOf = <const T extends string>(...values: T[]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

const rateLimitShape = {
  /** Maximum number of starts. */
  max: wholeNumber(1, 1_000_000),
  /** The window, in milliseconds. */
  durationMs: wholeNumber(1, MAX_TIMER_MS),
};

/** At most `max` tasks start within `durationMs` milliseconds, in all workers of the queue together. */
export interface PoolRateLimit extends OptionsOf<typeof rateLimitShape> {}

const rateLimit: z.ZodType<PoolRateLimit, PoolRateLimit> = z.strictObject(rateLimitShape, {
  error: 'must be { max, durationMs }',
});

// BullMQ refuses clients with a prefix, and its own would not lie in one slot.
function refuseKeyPrefix(options: RedisConnectionOptions, context: z.core.$RefinementCtx): void {
  for (const group of ['redisOptions', 'clusterOptions'] as const) {
    if (Object(options[group]).keyPrefix === undefined) continue;
    const message = 'cannot be set for the worker pool: set its own keyPrefix';
    context.addIssue({ code: 'custom', path: [group, 'keyPrefix'], message });
  }
}

/** What the options of the `bullmq` driver have beyond the common ones. */
export const bullmqShape = {
  /** Where the tasks run: `bullmq` in any number of worker processes, with a queue on Redis between them. */
  driver: z.literal('bullmq'),

  /** What this process does. Default: `both`. A producer uses its executor only to validate requests. */
  role: oneOf('producer', 'worker', 'both').default('both'),

  /**
   * Connection to the queue's Redis, which needs `maxmemory-policy noeviction`. Default: `localhost:6379`.
   */
  connection: connectionSchema.superRefine(refuseKeyPrefix).prefault({}),

  /**
   * Prefix of every key in Redis, as a hash tag: all keys lie in one slot of a Cluster. No braces. Default:
   * `worker-pool`.
   */
  keyPrefix: name(/[{}]/, 'must not contain braces: they decide the Cluster slot').default('worker-pool'),

  /** Name of the queue within the prefix. No colon, no braces. Default: `tasks`. */
  queueName: name(/[:{}]/, 'must not contain a colon or braces').default('tasks'),

  /**
   * Maximum wait of one call for Redis, in milliseconds. Default: 1,000. Then the call throws
   * `PoolUnavailableError`; while Redis is known to be unavailable, calls throw immediately. A connection that stays
   * silent for 5,000 ms, or for this time if it is longer, is replaced.
   */
  commandTimeoutMs: wholeNumber(1, 60_000).default(1_000),

  /** Maximum time to open a connection, in milliseconds. Default: 2,000. */
  connectTimeoutMs: wholeNumber(1, 60_000).default(2_000),

  /**
   * How long waiters tolerate that Redis is unavailable, in milliseconds. Default: 30,000. Then they receive
   * `PoolUnavailableError`; the task itself is in Redis and continues.
   */
  outageToleranceMs: wholeNumber(0, MAX_TIMER_MS).default(30_000),

  /**
   * `local`: while the queue is unavailable, `run` executes the request in this process, within this pool's
   * `concurrency` and `maxBacklog`; the same work may then be done in several processes. `none`: `run`
   * throws `PoolUnavailableError`, as `submit` always does. Default: `none`.
   */
  fallback: oneOf('none', 'local').default('none'),

  /**
   * Maximum number of starts of a task whose workers die, 1 to 100. Default: 3. Then the task is `failed` with
   * `ERR_TASK_ABANDONED`. A failure of the executor is a result and is not retried.
   */
  maxAttempts: wholeNumber(1, 100).default(3),

  /**
   * How long a worker's claim to a task lasts without renewal, in milliseconds, at least 500. Default: 5,000. The
   * task of a dead worker restarts after at most this time plus twice `stalledIntervalMs`.
   */
  lockDurationMs: wholeNumber(MIN_LOCK_MS, MAX_TIMER_MS).default(5_000),

  /** Interval at which workers look for tasks of dead workers, in milliseconds, at least 100. Default: 2,000. */
  stalledIntervalMs: wholeNumber(100, MAX_TIMER_MS).default(2_000),

  /**
   * Maximum number of tasks that run at the same time in all workers together; 0 removes the limit. Kept in Redis.
   * Default: the value that a worker has set before.
   */
  globalConcurrency: wholeNumber(0, 1_000_000).optional(),

  /** Maximum rate of starts in all workers together; give all workers the same. Default: unlimited. */
  rateLimit: rateLimit.optional(),

  /**
   * How long the events of a task stay in Redis after its end, in milliseconds, at least 100. Default: 10,000. They are
   * only written for tasks that are read as a stream. A process that has been disconnected for longer cannot read the
   * last of them any more: its streams then end with `TaskStreamInterruptedError`.
   */
  streamTtlMs: wholeNumber(100, MAX_TIMER_MS).default(10_000),

  /**
   * Maximum size of a task as JSON (request, context and options), in bytes. Default: 1,048,576 (1 MiB). Give producers
   * and workers the same: a worker fails a task that is larger than its own limit.
   */
  maxRequestBytes: wholeNumber(1, MAX_BYTES).default(1_048_576),

  /**
   * Maximum size of a result as JSON, in bytes. Default: 1,048,576 (1 MiB). A larger one fails its task. Give producers
   * and workers the same: a producer reads a result that is larger than its own limit as a failed task.
   */
  maxResultBytes: wholeNumber(1, MAX_BYTES).default(1_048_576),
};
