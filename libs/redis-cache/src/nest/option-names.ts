import { OptionNames } from 'nestjs-redis-connection';
import {
  assertCallOptions,
  type GetOrSetDefaults,
  type GetOrSetOptions,
  InvalidCallOptionError,
  InvalidOptionsError,
} from '../core.js';

type Names<Options> = Readonly<Record<keyof Options & string, true>>;

/** The names of the options that each decorator passes on to `getOrSet`. */
export const COMPUTING_OPTIONS: Names<GetOrSetDefaults> = {
  ttlSeconds: true,
  jitterRatio: true,
  staleSeconds: true,
  softTimeoutMs: true,
  hardTimeoutMs: true,
  refreshAhead: true,
  negativeTtlSeconds: true,
  failureBackoffMs: true,
  shouldCache: true,
  maxTtlSeconds: true,
  crossProcess: true,
  leaseMs: true,
};

/** The names of a decorator's options; an unknown one is an {@link InvalidCallOptionError} when the class is defined. */
export function decoratorOptionNames<Options extends object>(names: Names<Options>): OptionNames<Options> {
  return new OptionNames<Options>(names, (path, problem) => new InvalidCallOptionError(path, problem));
}

/** Options of a decorator, whose tags may depend on the call. */
type DecoratorOptions = Omit<GetOrSetOptions, 'tags'> & { tags?: unknown };

/**
 * Checks the values of a decorator's options when the class is defined, except for tags that depend on the call.
 *
 * @throws {RedisCacheError} what `getOrSet` throws for them
 */
export function assertDecoratorOptions({ tags, ...options }: DecoratorOptions): void {
  const fixed = tags === undefined || typeof tags === 'function' ? {} : { tags: tags as readonly string[] };
  assertCallOptions({ ...options, ...fixed });
}

/** The names of what is registered with Nest; an unknown one is an {@link InvalidOptionsError}. */
export function registrationNames<Options extends object>(names: Names<Options>): OptionNames<Options> {
  return new OptionNames<Options>(names, (path, problem) => new InvalidOptionsError(path, problem));
}
