import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { InvalidPoolOptionsError } from '../../errors/invalid-pool-options.error.js';
import { MAX_TIMER_MS } from '../../contract/limits.js';
import { firstProblem } from '../first-problem.js';

/** Options of {@link OfflineExecutor}. */
export interface OfflineExecutorOptions {
  /**
   * Threads that summarise at the same time at most; further requests wait for a free one. Each thread
   * holds the tokenizer's vocabulary, about 70 MB.
   *
   * Default: 2, and never more than the machine's processors less one; at least 1.
   */
  maxThreads?: number;
  /**
   * How long a thread without work stays, in milliseconds. A new thread takes some 200 ms to start, which
   * the next request waits for; 0 ends a thread as soon as nothing waits.
   *
   * Default: 10,000.
   */
  idleTimeoutMs?: number;
}

const MAX_THREADS = 64;

const wholeNumber = (min: number, max: number): z.ZodNumber => {
  const error = `must be a whole number from ${min} to ${max}`;
  return z.number({ error }).int({ error }).min(min, { error }).max(max, { error });
};

const schema = z.strictObject(
  {
    maxThreads: wholeNumber(1, MAX_THREADS).default(() =>
      Math.max(1, Math.min(2, availableParallelism() - 1)),
    ),
    idleTimeoutMs: wholeNumber(0, MAX_TIMER_MS).default(10_000),
  },
  { error: 'must be an object' },
);

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {InvalidPoolOptionsError} names the first option that is wrong
 */
export function resolveOfflineOptions(options: OfflineExecutorOptions): Required<OfflineExecutorOptions> {
  const parsed = schema.safeParse(options);
  if (parsed.success) {
    return parsed.data;
  }
  const { field, problem } = firstProblem(parsed.error, 'options');
  throw new InvalidPoolOptionsError(field, problem);
}
