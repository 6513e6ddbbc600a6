import { hash } from 'node:crypto';
import { InvalidCallOptionError, InvalidKeyPartError } from '../errors/errors.js';
import { callOptionNames } from '../errors/option-names.js';

/** What a key depends on in addition to its parts. */
export interface CacheKeyOptions {
  /** Owner of the entry; two tenants never share one. Default: none. */
  tenant?: string;
  /** Version of the stored form. Raise it when that changes, so that old entries are not read as new ones. Default 1. */
  schemaVersion?: number;
}

const MAX_DEPTH = 100;
const OPTIONS = callOptionNames<CacheKeyOptions>({ tenant: true, schemaVersion: true });

/**
 * Returns a cache key for everything that determines a value: the SHA-256, in hexadecimal, of its canonical JSON.
 *
 * - The order of properties does not matter; the order of array elements does.
 * - A property that is `undefined` counts as absent; `-0` is `0`; a `Date` is its point in time.
 * - `NaN`, infinities, `undefined` outside a property, functions, symbols, bigints, `Map`, `Set`, other class
 *   instances and circular structures are refused: JSON would drop them or make them equal, and two different
 *   requests would share an entry.
 *
 * @throws {InvalidKeyPartError} naming the part, such as `messages.0.content`
 * @throws {InvalidCallOptionError} an unknown option, or one of a wrong type
 * @example
 * const key = cacheKey({ model: 'sonnet', prompt, max_tokens: 500 }, { tenant: 'team-a' });
 */
export function cacheKey(parts: unknown, options: CacheKeyOptions = {}): string {
  OPTIONS.check(options);
  const { tenant = '', schemaVersion = 1 } = options;
  if (typeof tenant !== 'string') throw new InvalidCallOptionError('tenant', 'must be a string');
  if (!Number.isFinite(schemaVersion)) throw new InvalidCallOptionError('schemaVersion', 'must be a number');
  const text = `[${schemaVersion},${JSON.stringify(tenant)},${canonical(parts, [])}]`;
  return hash('sha256', text, 'hex');
}

function canonical(value: unknown, path: readonly string[]): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return canonicalNumber(value, path);
  if (typeof value !== 'object') throw refused(path, `must not be of type ${typeof value}`);
  if (path.length > MAX_DEPTH) throw refused(path, 'is nested too deeply, or the structure is circular');
  if (Array.isArray(value)) return canonicalArray(value, path);
  if (value instanceof Date) return canonicalDate(value, path);
  return canonicalObject(value, path);
}

function canonicalNumber(value: number, path: readonly string[]): string {
  if (!Number.isFinite(value)) throw refused(path, `must not be ${value}`);
  return JSON.stringify(value);
}

function canonicalArray(value: readonly unknown[], path: readonly string[]): string {
  const items = Array.from(value, (item, index) => canonical(item, [...path, String(index)]));
  return `[${items.join(',')}]`;
}

// Without quotes, unlike any other value: a point in time differs from its text.
function canonicalDate(value: Date, path: readonly string[]): string {
  if (Number.isNaN(value.getTime())) throw refused(path, 'must be a valid date');
  return `@${value.toISOString()}`;
}

function canonicalObject(value: object, path: readonly string[]): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw refused(path, `must not be a ${value.constructor?.name ?? 'class instance'}`);
  }
  const properties = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([one], [two]) => (one < two ? -1 : 1))
    .map(([name, item]) => `${JSON.stringify(name)}:${canonical(item, [...path, name])}`);
  return `{${properties.join(',')}}`;
}

function refused(path: readonly string[], problem: string): InvalidKeyPartError {
  return new InvalidKeyPartError(path.slice(0, 10).join('.') || 'parts', problem);
}
