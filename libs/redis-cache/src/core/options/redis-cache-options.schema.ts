import { checkOptions } from 'nestjs-redis-connection';
import type { z } from 'zod';
import { InvalidCallOptionError, InvalidOptionsError } from '../errors/errors.js';
import {
  NAMED_QUEUE_OPTIONS,
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
 * @throws {InvalidOptionsError} naming every wrong field; values are not repeated
 */
export function resolveOptions(options: RedisCacheOptions = {}): ResolvedRedisCacheOptions {
  return checkOptions(redisCacheSchema, options, (path, problem) => new InvalidOptionsError(path, problem));
}

/**
 * Returns the options of a queue: those given, and the defaults of its instance.
 *
 * @throws {InvalidCallOptionError} naming every wrong field
 */
export function resolveQueueOptions(
  defaults: ResolvedRedisCacheOptions['queue'],
  options: NamedQueueOptions,
): ResolvedRedisCacheOptions['queue'] {
  NAMED_QUEUE_OPTIONS.check(options);
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return checkOptions(
    queueSchema,
    { ...defaults, ...Object.fromEntries(given) },
    (path, problem) => new InvalidCallOptionError(path, problem),
  );
}
