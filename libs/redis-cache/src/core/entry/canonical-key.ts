import { hash } from 'node:crypto';
import { InvalidKeyPartError } from '../errors/errors.js';

/** What a key depends on beside its parts. */
export interface CacheKeyOptions {
  /** Whose entry it is; two tenants never share one. Default: nobody's in particular. */
  tenant?: string;
  /** Raise it when the form of what is stored changes, so that old entries are not read as new ones. Default 1. */
  schemaVersion?: number;
}

const MAX_DEPTH = 100;

/**
 * A cache key from everything that decides a value: SHA-256, in hexadecimal, of canonical JSON.
 *
 * - The order of properties does not matter; that of array elements does.
 * - A property that is `undefined` counts as absent; `-0` is `0`; a `Date` is its moment.
 * - `NaN`, infinities, `undefined` outside a property, functions, symbols, bigints, `Map`, `Set`, other class
 *   instances and circular structures are refused: JSON would drop them or make them alike, and two
 *   different questions would share an answer.
 *
 * @throws {InvalidKeyPartError} naming the part, such as `messages.0.content`
 * @example
 * const key = cacheKey({ model: 'sonnet', prompt, max_tokens: 500 }, { tenant: 'team-a' });
 */
export function cacheKey(parts: unknown, { tenant = '', schemaVersion = 1 }: CacheKeyOptions = {}): string {
  const text = `[${schemaVersion},${JSON.stringify(tenant)},${canonical(parts, [])}]`;
  return hash('sha256', text, 'hex');
}

function canonical(value: unknown, path: readonly string[]): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') return canonicalNumber(value, path);
  if (typeof value !== 'object') throw refused(path, `must not be of type ${typeof value}`);
  if (path.length > MAX_DEPTH) throw refused(path, 'lies too deep, or the structure is circular');
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

// Not in quotes, as no other value is written: a moment is not the same as its text.
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
