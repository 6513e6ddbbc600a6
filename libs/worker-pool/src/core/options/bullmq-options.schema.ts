import { checkConnection, connectionShape, optionsObject, wholeNumber } from 'nestjs-redis-connection';
import { z } from 'zod';
import { MAX_TIMER_MS } from '../contract/limits.js';
import { commonShape } from './worker-pool-options.shape.js';

const MAX_BYTES = 512 * 1024 * 1024;
const MIN_LOCK_MS = 500;

const name = (forbidden: RegExp, problem: string): z.ZodString =>
  z
    .string({ error: 'must be a string' })
    .min(1, { error: 'must not be empty' })
    .max(128, { error: 'must not be longer than 128 characters' })
    .refine((value) => !forbidden.test(value), { error: problem }) as unknown as z.ZodString;

const oneOf = <const T extends string>(...values: T[]) =>
  z.enum(values, { error: `must be one of ${values.join(', ')}` });

export const bullmqSchema = optionsObject({
  ...commonShape,
  driver: z.literal('bullmq'),
  role: oneOf('producer', 'worker', 'both').default('both'),
  connection: optionsObject(connectionShape).superRefine(checkConnection).prefault({}),
  keyPrefix: name(/[{}]/, 'must not contain braces: they decide the Cluster slot').default('worker-pool'),
  queueName: name(/[:{}]/, 'must not contain a colon or braces').default('tasks'),
  commandTimeoutMs: wholeNumber(1, 60_000).default(1_000),
  connectTimeoutMs: wholeNumber(1, 60_000).default(2_000),
  outageToleranceMs: wholeNumber(0, MAX_TIMER_MS).default(30_000),
  fallback: oneOf('none', 'local').default('none'),
  maxAttempts: wholeNumber(1, 100).default(3),
  lockDurationMs: wholeNumber(MIN_LOCK_MS, MAX_TIMER_MS).default(5_000),
  stalledIntervalMs: wholeNumber(100, MAX_TIMER_MS).default(2_000),
  globalConcurrency: wholeNumber(0, 1_000_000).optional(),
  rateLimit: z
    .strictObject(
      { max: wholeNumber(1, 1_000_000), durationMs: wholeNumber(1, MAX_TIMER_MS) },
      { error: 'must be { max, durationMs }' },
    )
    .optional(),
  maxRequestBytes: wholeNumber(1, MAX_BYTES).default(1_048_576),
  maxResultBytes: wholeNumber(1, MAX_BYTES).default(1_048_576),
});

/** Options of the bullmq driver with every default filled in. */
export type ResolvedBullmqOptions = z.output<typeof bullmqSchema>;
