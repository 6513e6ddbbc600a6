import { describeIssue } from 'nestjs-redis-connection';
import type { z } from 'zod';
import { InvalidCallOptionError, InvalidOptionsError } from '../errors/errors.js';
import {
  type NamedQueueOptions,
  queueSchema,
  type RedisCacheOptions,
  redisCacheSchema,
} from './redis-cache-options.js';

/** Every option, with its default where none was given. */
export type ResolvedRedisCacheOptions = z.output<typeof redisCacheSchema>;

/**
 * Checks options and fills in the defaults.
 *
 * @throws {InvalidOptionsError} naming the first wrong field; its value is not repeated
 */
export function resolveOptions(options: RedisCacheOptions = {}): ResolvedRedisCacheOptions {
  const result = redisCacheSchema.safeParse(options);
  if (result.success) return result.data;
  const { path, problem } = describeIssue(result.error.issues[0]!);
  throw new InvalidOptionsError(path, problem);
}

/**
 * Returns the options of a queue: those given, and the defaults of its instance.
 *
 * @throws {InvalidCallOptionError} naming the first wrong field
 */
export function resolveQueueOptions(
  defaults: ResolvedRedisCacheOptions['queue'],
  options: NamedQueueOptions,
): ResolvedRedisCacheOptions['queue'] {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const result = queueSchema.safeParse({ ...defaults, ...Object.fromEntries(given) });
  if (result.success) return result.data;
  const { path, problem } = describeIssue(result.error.issues[0]!);
  throw new InvalidCallOptionError(path, problem);
}
