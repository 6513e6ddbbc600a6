import { z } from 'zod';

const MAX_MS = 3_600_000;
const MAX_TASKS = 1_000_000;

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** Settings that decide where and how tasks run. */
export const workerShape = {
  WORKER_POOL: z.enum(['local', 'bullmq']).default('local'),
  QUEUE_REDIS_URL: z
    .url({ protocol: /^(rediss?|unix)$/, error: 'must be an address such as redis://localhost:6379' })
    .optional(),
  QUEUE_KEY_PREFIX: z.string().default('worker-pool'),
  QUEUE_COMMAND_TIMEOUT_MS: whole(1, 60_000).default(1_000),
  WORKER_CONCURRENCY: whole(1, 10_000).default(5),
  WORKER_GLOBAL_CONCURRENCY: whole(0, MAX_TASKS).optional(),
  WORKER_RATE_LIMIT: whole(1, MAX_TASKS).optional(),
  WORKER_RATE_WINDOW_MS: whole(1, MAX_MS).default(1_000),
  WORKER_MAX_ATTEMPTS: whole(1, 100).default(3),
  WORKER_BACKLOG: whole(0, MAX_TASKS).default(1_000),
  WORKER_EXECUTOR: z.enum(['offline', 'claude-cli', 'anthropic']).default('offline'),
};
