import { describeIssue, optionsObject } from 'nestjs-redis-connection';
import { z } from 'zod';
import { bullmqSchema, type ResolvedBullmqOptions } from './bullmq-options.schema.js';
import { InvalidPoolOptionsError } from '../errors/invalid-pool-options.error.js';
import { commonShape } from './worker-pool-options.shape.js';
import type { WorkerPoolOptions } from './worker-pool-options.js';

const localSchema = optionsObject({ ...commonShape, driver: z.literal('local').default('local') });

/** Options of the local driver with every default filled in. */
export type ResolvedLocalOptions = z.output<typeof localSchema>;

/** Options with every default filled in. */
export type ResolvedWorkerPoolOptions = ResolvedLocalOptions | ResolvedBullmqOptions;

const SCHEMAS: Record<string, z.ZodType<ResolvedWorkerPoolOptions>> = {
  local: localSchema,
  bullmq: bullmqSchema,
};

/**
 * Checks the options and fills in the defaults.
 *
 * @throws {InvalidPoolOptionsError} names the first option that is wrong
 */
export function resolveWorkerPoolOptions(options: WorkerPoolOptions): ResolvedWorkerPoolOptions {
  const parsed = schemaFor(options).safeParse(options);
  if (parsed.success) {
    return parsed.data;
  }
  const { path, problem } = describeIssue(parsed.error.issues[0]!);
  throw new InvalidPoolOptionsError(path, problem);
}

/** Options of the local driver, for those who make one of their own. */
export function resolveLocalOptions(options: WorkerPoolOptions): ResolvedLocalOptions {
  return localSchema.parse(options);
}

function schemaFor(options: WorkerPoolOptions): z.ZodType<ResolvedWorkerPoolOptions> {
  const { driver = 'local' } = Object(options) as { driver?: unknown };
  const schema = typeof driver === 'string' && Object.hasOwn(SCHEMAS, driver) ? SCHEMAS[driver] : undefined;
  if (!schema) {
    throw new InvalidPoolOptionsError('driver', `must be one of ${Object.keys(SCHEMAS).join(', ')}`);
  }
  return schema;
}
