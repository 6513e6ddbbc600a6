import { wholeNumber } from 'nestjs-redis-connection';
import { z } from 'zod';
import type { Executor } from '../contract/executor.js';
import { MAX_TIMER_MS } from '../contract/limits.js';

// The cache of results arms its timers one millisecond past the time to live.
const MAX_RESULT_TTL_MS = MAX_TIMER_MS - 1;

const EXECUTOR_METHODS = ['validate', 'resolveModel', 'execute', 'close'] as const;

// By shape, not by instanceof: two copies of this package in one node_modules tree are two classes.
const isExecutor = (value: unknown): value is Executor => {
  const candidate = value as Partial<Executor> | null | undefined;
  const named = typeof candidate?.name === 'string' && candidate.name !== '';
  return named && EXECUTOR_METHODS.every((method) => typeof candidate[method] === 'function');
};

/** What the drivers' options have in common. */
export const commonShape = {
  executor: z.custom<Executor>(isExecutor, { error: 'must be an Executor' }),
  concurrency: wholeNumber(1, 10_000).default(5),
  maxBacklog: wholeNumber(0, 1_000_000).default(1_000),
  taskTimeoutMs: wholeNumber(1, MAX_TIMER_MS).default(120_000),
  resultTtlMs: wholeNumber(1, MAX_RESULT_TTL_MS).default(600_000),
  maxResults: wholeNumber(1, 1_000_000).default(10_000),
  drainTimeoutMs: wholeNumber(0, MAX_TIMER_MS).default(10_000),
};
