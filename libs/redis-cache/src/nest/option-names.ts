import { OptionNames } from 'nestjs-redis-connection';
import { type GetOrSetDefaults, InvalidCallOptionError, InvalidOptionsError } from '../core.js';

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

/** The names of what is registered with Nest; an unknown one is an {@link InvalidOptionsError}. */
export function registrationNames<Options extends object>(names: Names<Options>): OptionNames<Options> {
  return new OptionNames<Options>(names, (path, problem) => new InvalidOptionsError(path, problem));
}
