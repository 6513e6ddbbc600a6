import type { ConfigService } from '@nestjs/config';
import type { RedisCacheService } from 'nestjs-redis-cache';
import type {
  BullmqPoolOptions,
  Executor,
  PoolConnectionOptions,
  PoolRole,
  WorkerPoolOptions,
} from 'nestjs-worker-pool';
import { TicketExecutor } from './ticket-executor.js';
import { cacheOptions } from '../config/cache-options.js';
import type { GatewayConfig } from '../config/gateway-config.js';
import { type GatewayEnv, InvalidEnvError } from '../config/gateway-env.js';

/** The pool of an API process: the work is done here, or handed to worker processes. */
export function apiPoolOptions(
  config: GatewayConfig,
  executor: Executor,
  cache: RedisCacheService,
  environment: ConfigService,
): WorkerPoolOptions {
  // By the time the pool closes, running work has had its time already: see WorkDeadline.
  const common = { ...commonOptions(config, executor, cache), drainTimeoutMs: 0 };
  if (config.WORKER_POOL === 'local') return common;
  // Whoever waits for an answer gets one, even while the queue is away.
  return { ...common, ...queueOptions(config, environment, 'producer'), fallback: 'local' as const };
}

/** The pool of a worker process. */
export function workerPoolOptions(
  config: GatewayConfig,
  executor: Executor,
  cache: RedisCacheService,
  environment: ConfigService,
): WorkerPoolOptions {
  const common = { ...commonOptions(config, executor, cache), drainTimeoutMs: config.SHUTDOWN_DRAIN_MS };
  return { ...common, ...queueOptions(config, environment, 'worker') };
}

/**
 * @throws {InvalidEnvError} `WORKER_POOL` is `local`: then nobody would ever send a worker process anything
 */
export function assertSharedPool({ WORKER_POOL: pool }: GatewayEnv): void {
  if (pool === 'local') throw new InvalidEnvError('WORKER_POOL', 'a worker process needs bullmq');
}

function commonOptions(config: GatewayConfig, executor: Executor, cache: RedisCacheService) {
  return {
    executor: new TicketExecutor(executor, cache),
    concurrency: config.WORKER_CONCURRENCY,
    maxBacklog: config.WORKER_BACKLOG,
    taskTimeoutMs: config.TASK_TIMEOUT_MS,
  };
}

type QueueOptions = Omit<BullmqPoolOptions, 'executor'>;

function queueOptions(config: GatewayConfig, environment: ConfigService, role: PoolRole): QueueOptions {
  const { WORKER_RATE_LIMIT: max, WORKER_RATE_WINDOW_MS: durationMs } = config;
  return {
    driver: 'bullmq',
    role,
    connection: queueConnection(config, environment),
    keyPrefix: config.QUEUE_KEY_PREFIX,
    commandTimeoutMs: config.QUEUE_COMMAND_TIMEOUT_MS,
    maxAttempts: config.WORKER_MAX_ATTEMPTS,
    globalConcurrency: config.WORKER_GLOBAL_CONCURRENCY,
    rateLimit: max === undefined ? undefined : { max, durationMs },
  };
}

function queueConnection(config: GatewayConfig, environment: ConfigService): PoolConnectionOptions {
  if (config.QUEUE_REDIS_URL !== undefined) return { url: config.QUEUE_REDIS_URL };
  const { backend, connection } = cacheOptions(environment);
  if (backend === 'memory') {
    throw new InvalidEnvError(
      'QUEUE_REDIS_URL',
      'is needed with WORKER_POOL=bullmq when the cache has no Redis',
    );
  }
  const { client: _, ...address } = connection ?? {};
  return address;
}
