import type { GetOrSetDefaults, GetOrSetOptions } from '../options/get-or-set-options.js';
import { InvalidCallOptionError, InvalidTagError } from '../errors/errors.js';
import { ttlToMs } from '../entry/ttl.js';

export const MAX_TAGS = 16;
export const MAX_TAG_LENGTH = 256;
const MAX_SECONDS = 3_155_760_000;
export const MAX_MS = 2_147_483_647;
export const MIN_LEASE_MS = 50;

/** Options of one call, checked and complete. Times are in milliseconds. */
export interface Settings {
  ttlMs: number;
  staleMs: number;
  softTimeoutMs: number | undefined;
  hardTimeoutMs: number | undefined;
  refreshAhead: number | undefined;
  negativeTtlSeconds: number | ((error: unknown) => number);
  failureBackoffMs: number;
  shouldCache: (value: unknown) => boolean;
  crossProcess: boolean;
  leaseMs: number;
  tags: readonly string[];
  reads: boolean;
  writes: boolean;
}

const NO_TAGS: readonly string[] = [];
const always = (): boolean => true;

/**
 * Completes the options of a call from the defaults.
 *
 * @throws {RedisCacheError} naming the option that is out of its range
 */
export function settingsOf(options: GetOrSetOptions, defaults: GetOrSetDefaults): Settings {
  const given = complete(options, defaults);
  return {
    ttlMs: jittered(ttlToMs(given.ttlSeconds!), inRange('jitterRatio', given.jitterRatio ?? 0, 0, 1)),
    staleMs: inRange('staleSeconds', given.staleSeconds ?? 0, 0, MAX_SECONDS) * 1000,
    softTimeoutMs: optional('softTimeoutMs', given.softTimeoutMs, 0, MAX_MS),
    hardTimeoutMs: optional('hardTimeoutMs', given.hardTimeoutMs, 1, MAX_MS),
    refreshAhead: optional('refreshAhead', given.refreshAhead, 0, 1),
    negativeTtlSeconds: checkedNegativeTtl(given.negativeTtlSeconds ?? 0),
    failureBackoffMs: inRange('failureBackoffMs', given.failureBackoffMs ?? 5_000, 1, MAX_MS),
    shouldCache: ofType('shouldCache', given.shouldCache ?? always, 'function'),
    crossProcess: ofType('crossProcess', given.crossProcess ?? true, 'boolean'),
    leaseMs: inRange('leaseMs', given.leaseMs ?? 5_000, MIN_LEASE_MS, MAX_MS),
    tags: given.tags === undefined ? NO_TAGS : checkedTags(given.tags),
    reads: !isPolicy('readPolicy', given.readPolicy, 'no-cache'),
    writes: !isPolicy('writePolicy', given.writePolicy, 'no-store'),
  };
}

// An option that is given as `undefined` counts as not given.
function complete(options: GetOrSetOptions, defaults: GetOrSetDefaults): GetOrSetOptions {
  const given = { ...defaults, ...options } as Record<string, unknown>;
  for (const [name, value] of Object.entries(defaults)) given[name] ??= value;
  return given;
}

/**
 * Lets tags pass, without doubles.
 *
 * @throws {InvalidTagError}
 */
export function checkedTags(tags: readonly string[]): readonly string[] {
  if (!Array.isArray(tags)) throw new InvalidTagError('tags', 'must be a list of texts');
  if (tags.length > MAX_TAGS) throw new InvalidTagError('tags', `must not be more than ${MAX_TAGS}`);
  for (const tag of tags) checkTag(tag);
  return [...new Set(tags)];
}

function checkTag(tag: string): void {
  if (typeof tag !== 'string' || tag === '' || tag.length > MAX_TAG_LENGTH || !tag.isWellFormed()) {
    throw new InvalidTagError('tags', `must be texts of 1 to ${MAX_TAG_LENGTH} characters`);
  }
}

function checkedNegativeTtl(value: Settings['negativeTtlSeconds']): Settings['negativeTtlSeconds'] {
  return typeof value === 'function' ? value : inRange('negativeTtlSeconds', value, 0, MAX_SECONDS);
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

function inRange(field: string, value: number, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new InvalidCallOptionError(field, `must be a number from ${min} to ${max}`);
}

function optional(field: string, value: number | undefined, min: number, max: number): number | undefined {
  return value === undefined ? undefined : inRange(field, value, min, max);
}

function jittered(ttlMs: number, ratio: number): number {
  return ratio === 0 ? ttlMs : Math.max(1, Math.round(ttlMs * (1 - ratio * Math.random())));
}
