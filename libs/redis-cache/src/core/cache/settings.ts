import {
  type GetOrSetOptions,
  getOrSetSchema,
  RANGES,
  type ResolvedGetOrSetDefaults,
} from '../options/get-or-set-options.js';
import { InvalidCallOptionError, InvalidTagError } from '../errors/errors.js';
import { ttlToMs } from '../entry/arguments.js';

export const MAX_TAGS = 16;
export const MAX_TAG_LENGTH = 256;

/** Options of one call, validated and complete. Times are in milliseconds. */
export interface Settings {
  ttlMs: number;
  staleMs: number;
  softTimeoutMs: number | undefined;
  hardTimeoutMs: number | undefined;
  refreshAhead: number | undefined;
  negativeTtlSeconds: number | ((error: unknown) => number);
  failureBackoffMs: number;
  shouldCache: (value: unknown) => boolean;
  maxTtlSeconds: (value: unknown) => number;
  crossProcess: boolean;
  leaseMs: number;
  tags: readonly string[];
  reads: boolean;
  writes: boolean;
}

const NO_TAGS: readonly string[] = [];
const always = (): boolean => true;
const unlimited = (): number => Infinity;

/** Defaults of calls: those of the module, which are checked already. */
export type CallDefaults = ResolvedGetOrSetDefaults & { ttlSeconds: number };

/**
 * Completes the options of a call with the defaults. An option that is `undefined` counts as not given.
 *
 * @throws {RedisCacheError} naming the option that is out of its range
 */
export function settingsOf(options: GetOrSetOptions, defaults: CallDefaults): Settings {
  return {
    ttlMs: jittered(
      ttlToMs(options.ttlSeconds ?? defaults.ttlSeconds),
      numberOf('jitterRatio', options, defaults),
    ),
    staleMs: numberOf('staleSeconds', options, defaults) * 1000,
    softTimeoutMs: numberOf('softTimeoutMs', options, defaults),
    hardTimeoutMs: numberOf('hardTimeoutMs', options, defaults),
    refreshAhead: numberOf('refreshAhead', options, defaults),
    negativeTtlSeconds: checkedNegativeTtl(options.negativeTtlSeconds ?? defaults.negativeTtlSeconds),
    failureBackoffMs: numberOf('failureBackoffMs', options, defaults),
    shouldCache: ofType('shouldCache', options.shouldCache ?? defaults.shouldCache ?? always, 'function'),
    maxTtlSeconds: ofType(
      'maxTtlSeconds',
      options.maxTtlSeconds ?? defaults.maxTtlSeconds ?? unlimited,
      'function',
    ),
    crossProcess: ofType('crossProcess', options.crossProcess ?? defaults.crossProcess, 'boolean'),
    leaseMs: numberOf('leaseMs', options, defaults),
    tags: options.tags === undefined ? NO_TAGS : checkedTags(options.tags),
    reads: !isPolicy('readPolicy', options.readPolicy, 'no-cache'),
    writes: !isPolicy('writePolicy', options.writePolicy, 'no-store'),
  };
}

const STANDARD: CallDefaults = { ...getOrSetSchema.parse({}), ttlSeconds: 3_600 };

/**
 * Throws unless the values of the options are in their ranges, for code that has the options before the first call.
 *
 * @throws {RedisCacheError} what `getOrSet` throws for them
 * @example assertCallOptions({ ttlSeconds: 0 }); // throws InvalidTtlError
 */
export function assertCallOptions(options: GetOrSetOptions): void {
  settingsOf(options, STANDARD);
}

type NumericOption = Exclude<keyof typeof RANGES, 'negativeTtlSeconds'>;

function numberOf<Name extends NumericOption>(
  name: Name,
  options: GetOrSetOptions,
  defaults: CallDefaults,
): number | CallDefaults[Name] {
  const value: number | undefined = options[name] ?? defaults[name];
  return value === undefined ? defaults[name] : inRange(name, value);
}

/**
 * Returns the tags without duplicates.
 *
 * @throws {InvalidTagError} not an array, too many, or an empty, over-long or ill-formed tag
 */
export function checkedTags(tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) throw new InvalidTagError('tags', 'must be an array of strings');
  if (tags.length > MAX_TAGS) throw new InvalidTagError('tags', `must be at most ${MAX_TAGS}`);
  for (const [index, tag] of tags.entries()) checkTag(tag, index);
  return [...new Set(tags)];
}

function checkTag(tag: string, index: number): void {
  if (typeof tag !== 'string' || tag === '' || tag.length > MAX_TAG_LENGTH || !tag.isWellFormed()) {
    throw new InvalidTagError(
      `tags[${index}]`,
      `must be a well-formed string of 1 to ${MAX_TAG_LENGTH} characters`,
    );
  }
}

function checkedNegativeTtl(value: Settings['negativeTtlSeconds']): Settings['negativeTtlSeconds'] {
  return typeof value === 'function' ? value : inRange('negativeTtlSeconds', value);
}

function ofType<T>(field: string, value: T, type: 'function' | 'boolean'): T {
  if (typeof value === type) return value;
  throw new InvalidCallOptionError(field, `must be a ${type}`);
}

function isPolicy(field: string, value: string | undefined, policy: string): boolean {
  if (value === undefined || value === 'cache') return false;
  if (value === policy) return true;
  throw new InvalidCallOptionError(field, `must be 'cache' or '${policy}'`);
}

function inRange(name: keyof typeof RANGES, value: number): number {
  const [min, max] = RANGES[name];
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new InvalidCallOptionError(name, `must be a number from ${min} to ${max}`);
}

function jittered(ttlMs: number, ratio: number): number {
  return ratio === 0 ? ttlMs : Math.max(1, Math.round(ttlMs * (1 - ratio * Math.random())));
}
