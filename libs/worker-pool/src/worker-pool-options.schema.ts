import { z } from 'zod';
import { InvalidPoolOptionsError } from './errors/invalid-pool-options.error.js';
import type { Executor } from './executors/executor.js';
import { MAX_TIMER_MS } from './limits.js';
import type { WorkerPoolOptions } from './worker-pool-options.js';

/** Options with every default filled in. */
export type ResolvedWorkerPoolOptions = Required<WorkerPoolOptions>;

// The cache of results arms its timers one millisecond past the time to live.
const MAX_RESULT_TTL_MS = MAX_TIMER_MS - 1;

const wholeNumber = (min: number, max: number): z.ZodNumber => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

const EXECUTOR_METHODS = ['validate', 'resolveModel', 'execute', 'close'] as const;

// By shape, not by instanceof: two copies of this package in one node_modules tree are two classes.
const isExecutor = (value: unknown): value is Executor => {
  const candidate = value as Partial<Executor> | null | undefined;
  const named = typeof candidate?.name === 'string' && candidate.name !== '';
  return named && EXECUTOR_METHODS.every((method) => typeof candidate[method] === 'function');
};

const schema = z.strictObject(
  {
    driver: z.enum(['local'], { error: 'must be local' }).default('local'),
    executor: z.custom<Executor>(isExecutor, { error: 'must be an Executor' }),
    concurrency: wholeNumber(1, 10_000).default(5),
    maxBacklog: wholeNumber(0, 1_000_000).default(1_000),
    taskTimeoutMs: wholeNumber(1, MAX_TIMER_MS).default(120_000),
    resultTtlMs: wholeNumber(1, MAX_RESULT_TTL_MS).default(600_000),
    maxResults: wholeNumber(1, 1_000_000).default(10_000),
    drainTimeoutMs: wholeNumber(0, MAX_TIMER_MS).default(10_000),
  },
  { error: ({ code }) => (code === 'unrecognized_keys' ? 'is not an option' : 'must be an object') },
);

const fieldOf = (issue: z.core.$ZodIssue): string => {
  const path = issue.code === 'unrecognized_keys' ? issue.keys.slice(0, 1) : issue.path;
  return path.join('.') || 'options';
};

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {InvalidPoolOptionsError} names the first option that is wrong
 */
export function resolveWorkerPoolOptions(options: WorkerPoolOptions): ResolvedWorkerPoolOptions {
  const parsed = schema.safeParse(options);
  if (parsed.success) {
    return parsed.data;
  }
  const [issue] = parsed.error.issues;
  throw new InvalidPoolOptionsError(issue ? fieldOf(issue) : 'options', issue?.message ?? 'are invalid');
}
