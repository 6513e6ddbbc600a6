import type { ConfigService } from '@nestjs/config';
import type { RedisCacheService } from 'nestjs-redis-cache';
import type {
  BullmqPoolOptions,
  Executor,
  PoolRole,
  RedisConnectionOptions,
  WorkerPoolOptions,
} from 'nestjs-worker-pool';
import { TicketExecutor } from './ticket-executor.js';
import { cacheOptions } from '../config/cache-options.js';
import { type GatewayConfig, InvalidEnvError } from '../config/gateway-config.js';

/** Options of an API process's pool, which runs tasks itself or passes them to worker processes. */
export function apiPoolOptions(
  config: GatewayConfig,
  executor: Executor,
  cache: RedisCacheService,
  environment: ConfigService,
): WorkerPoolOptions {
  // When the pool closes, running work has already had its drain time: see WorkDeadline.
  const common = { ...commonOptions(config, executor, cache), drainTimeoutMs: 0 };
  if (config.WORKER_POOL === 'local') return common;
  // Requests are computed here while the queue's Redis is unavailable.
  return { ...common, ...queueOptions(config, environment, 'producer'), fallback: 'local' as const };
}

/** Options of a worker process's pool. */
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
 * Throws unless the configuration is one for worker processes.
 *
 * @throws {InvalidEnvError} `WORKER_POOL` is `local`, so no API process would send a task to a worker
 */
export function assertSharedPool({ WORKER_POOL: pool }: GatewayConfig): void {
  if (pool === 'local') throw new InvalidEnvError('WORKER_POOL', 'must be bullmq in a worker process');
}

function commonOptions(config: GatewayConfig, executor: Executor, cache: RedisCacheService) {
  return {
    executor: new TicketExecutor(executor, cache),
    concurrency: config.WORKER_CONCURRENCY,
    maxBacklog: config.WORKER_BACKLOG,
    taskTimeoutMs: config.TASK_TIMEOUT_MS,
    resultTtlMs: config.TASK_RESULT_TTL_MS,
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

function queueConnection(config: GatewayConfig, environment: ConfigService): RedisConnectionOptions {
  if (config.QUEUE_REDIS_URL !== undefined) return { url: config.QUEUE_REDIS_URL };
  const { backend, connection } = cacheOptions(environment);
  if (backend === 'memory') {
    throw new InvalidEnvError(
      'QUEUE_REDIS_URL',
      'must be set when WORKER_POOL is bullmq and the cache has no Redis',
    );
  }
  const { client: _, ...address } = connection ?? {};
  return address;
}
