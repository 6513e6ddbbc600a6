import { checkOptions } from 'nestjs-redis-connection';
import type { z } from 'zod';
import { InvalidPoolOptionsError } from './errors.js';

/** The longest delay of a Node timer, in milliseconds (about 24.8 days); a longer one fires immediately. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * Validates options and fills in the defaults.
 *
 * @throws {InvalidPoolOptionsError} names every invalid option
 */
export function parseOptions<Schema extends z.ZodType>(schema: Schema, options: unknown): z.output<Schema> {
  return checkOptions(schema, options, (path, problem) => new InvalidPoolOptionsError(path, problem));
}
