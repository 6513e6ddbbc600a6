import { optionsObject, type OptionsOf, wholeNumber } from 'nestjs-redis-connection';
import { z } from 'zod';
import { InvalidPoolOptionsError } from '../contract/errors.js';
import type { Executor } from '../contract/executor.js';
import { consoleLogger, type PoolLogger } from '../contract/logger.js';
import { MAX_TIMER_MS, parseOptions } from '../contract/validation.js';
import { bullmqShape } from './bullmq-options.js';

// The result cache arms its timers one millisecond past the time to live.
const MAX_RESULT_TTL_MS = MAX_TIMER_MS - 1;

const MAX_STREAM_BYTES = 512 * 1024 * 1024;

const hasMethods = (value: unknown, methods: readonly string[]): boolean =>
  methods.every((method) => typeof Object(value)[method] === 'function');

// By shape, not by instanceof: two copies of this package in one node_modules tree have two classes.
const isExecutor = (value: unknown): boolean => {
  const { name } = Object(value) as { name?: unknown };
  const isNamed = typeof name === 'string' && name !== '';
  return isNamed && hasMethods(value, ['validate', 'resolveModel', 'execute', 'close']);
};

/** Options of every driver. */
export const commonShape = {
  /** Executes the requests. The pool owns it and closes it when the pool closes. */
  executor: z.custom<Executor>(isExecutor, { error: 'must be an Executor' }),

  /**
   * Maximum number of tasks that run at the same time in this process, 1 to 10,000. Default: 5. Bounds the load on
   * whatever does the work; further tasks wait in the backlog.
   */
  concurrency: wholeNumber(1, 10_000).default(5),

  /**
   * Maximum number of waiting tasks, 0 to 1,000,000. Default: 1,000. A submission beyond it is refused with
   * `PoolSaturatedError`; 0 refuses everything that cannot start immediately. With `local`, each waiting task keeps
   * its request in this process's memory; with `bullmq`, all processes share one count, in Redis.
   */
  maxBacklog: wholeNumber(0, 1_000_000).default(1_000),

  /**
   * Time limit of one run, in milliseconds, excluding the wait in the backlog. Default: 120,000. Then the task ends
   * as `timeout` and the executor's signal aborts. `SubmitOptions.timeoutMs` overrides it.
   */
  taskTimeoutMs: wholeNumber(1, MAX_TIMER_MS).default(120_000),

  /**
   * How long the result of an ended task stays readable, in milliseconds. Default: 600,000 (10 min). Then `getTask`
   * returns `null` and `getResult` throws `TaskNotFoundError`.
   */
  resultTtlMs: wholeNumber(1, MAX_RESULT_TTL_MS).default(600_000),

  /**
   * Maximum number of kept results, 1 to 1,000,000. Default: 10,000. Beyond it the least recently used result (with
   * `bullmq`: the oldest) is dropped early. Pending and running tasks do not count and are never dropped.
   */
  maxResults: wholeNumber(1, 1_000_000).default(10_000),

  /**
   * Maximum size of the events of one task as JSON, in bytes. Default: 16,777,216 (16 MiB). A task that emits more
   * continues, but its streams end with `TaskStreamTooLargeError`. The process that runs a task which is read as a
   * stream, and each process that reads it, hold its events in memory until it ends; with `bullmq` Redis does, too.
   */
  maxStreamBytes: wholeNumber(1, MAX_STREAM_BYTES).default(16_777_216),

  /**
   * How long `close()` lets tasks continue, in milliseconds. Default: 10,000. The remaining tasks then end as
   * `killed` with `local`, and return to the queue with `bullmq`. 0 does not wait.
   */
  drainTimeoutMs: wholeNumber(0, MAX_TIMER_MS).default(10_000),

  /** Receives warnings and errors. Default: Nest's `Logger` in `WorkerPoolModule`, the console elsewhere. */
  logger: z
    .custom<PoolLogger>((value) => hasMethods(value, ['warn', 'error']), { error: 'must be a logger' })
    .default(() => consoleLogger),
};

/** What the options of the `local` driver have beyond the common ones. */
export const localShape = {
  /** Where the tasks run: `local` in this process, `bullmq` in any number of worker processes. Default: `local`. */
  driver: z.literal('local').default('local'),
};

const localSchema = optionsObject({ ...commonShape, ...localShape });
const bullmqSchema = optionsObject({ ...commonShape, ...bullmqShape });

/** Options of every driver. */
export interface CommonPoolOptions extends OptionsOf<typeof commonShape> {}

/** Options of a pool in this process. */
export interface LocalPoolOptions extends CommonPoolOptions, OptionsOf<typeof localShape> {}

/**
 * Options of a pool over BullMQ on Redis. Processes with the same Redis, `keyPrefix` and `queueName` form one pool.
 * Needs the packages `bullmq` and `ioredis`, which are loaded only for this driver.
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
export interface BullmqPoolOptions extends CommonPoolOptions, OptionsOf<typeof bullmqShape> {}

/** What a process does. `producer`: submits and waits. `worker`: runs tasks. `both`: one process for everything. */
export type PoolRole = NonNullable<BullmqPoolOptions['role']>;

/**
 * Options of `WorkerPoolModule.forRoot()` and `createWorkerPool()`. Only `executor` is required.
 *
 * @example
 * WorkerPoolModule.forRoot({ executor: new OfflineExecutor(), concurrency: 2, taskTimeoutMs: 30_000 });
 */
export type WorkerPoolOptions = LocalPoolOptions | BullmqPoolOptions;

/**
 * Where the tasks run. `local`: in this process. `bullmq`: in any number of worker processes on any number of
 * machines, over a queue on Redis.
 */
export type WorkerPoolDriver = 'local' | 'bullmq';

/** Options of the `local` driver with every default filled in. */
export type ResolvedLocalOptions = z.output<typeof localSchema>;

/** Options of the `bullmq` driver with every default filled in. */
export type ResolvedBullmqOptions = z.output<typeof bullmqSchema>;

/** Options with every default filled in. */
export type ResolvedWorkerPoolOptions = ResolvedLocalOptions | ResolvedBullmqOptions;

/**
 * Validates the options and fills in the defaults.
 *
 * @throws {InvalidPoolOptionsError} names the first invalid option
 */
export function resolveWorkerPoolOptions(options: WorkerPoolOptions): ResolvedWorkerPoolOptions {
  const { driver = 'local' } = Object(options) as { driver?: unknown };
  if (driver === 'bullmq') {
    return parseOptions(bullmqSchema, options);
  }
  if (driver === 'local') {
    return parseOptions(localSchema, options);
  }
  throw new InvalidPoolOptionsError('driver', 'must be one of local, bullmq');
}
