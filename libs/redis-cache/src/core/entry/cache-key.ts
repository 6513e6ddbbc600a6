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
const FEW_NAMES = 16;
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
  const text = `[${schemaVersion},${JSON.stringify(tenant)},${new CanonicalWriter().write(parts)}]`;
  return hash('sha256', text, 'hex');
}

/** Writes canonical JSON. One path and one text for the whole structure: copies of them would take most of the time. */
class CanonicalWriter {
  readonly #path: (string | number)[] = [];
  #text = '';
  /** Names with a colon: the objects of an array have the same. */
  readonly #names = new Map<string, string>();

  write(parts: unknown): string {
    this.#value(parts);
    return this.#text;
  }

  #value(value: unknown): void {
    if (value === null || typeof value === 'boolean' || typeof value === 'string') {
      this.#text += JSON.stringify(value);
    } else if (typeof value === 'number') this.#number(value);
    else if (typeof value === 'object') this.#container(value);
    else throw this.#refused(`must not be of type ${typeof value}`);
  }

  #number(value: number): void {
    if (!Number.isFinite(value)) throw this.#refused(`must not be ${value}`);
    this.#text += JSON.stringify(value);
  }

  #container(value: object): void {
    if (this.#path.length > MAX_DEPTH) {
      throw this.#refused('is nested too deeply, or the structure is circular');
    }
    if (Array.isArray(value)) this.#array(value);
    else if (value instanceof Date) this.#date(value);
    else this.#object(value as Record<string, unknown>);
  }

  #array(items: readonly unknown[]): void {
    this.#text += '[';
    for (let index = 0; index < items.length; index += 1) {
      if (index > 0) this.#text += ',';
      this.#part(index, items[index]);
    }
    this.#text += ']';
  }

  // Without quotes, unlike any other value: a point in time differs from its text.
  #date(value: Date): void {
    if (Number.isNaN(value.getTime())) throw this.#refused('must be a valid date');
    this.#text += `@${value.toISOString()}`;
  }

  #object(value: Record<string, unknown>): void {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== null) {
      throw this.#refused(`must not be a ${value.constructor?.name ?? 'class instance'}`);
    }
    let separator = '{';
    for (const name of sortedNames(value)) {
      const item = value[name];
      if (item === undefined) continue;
      this.#text += separator + this.#quoted(name);
      this.#part(name, item);
      separator = ',';
    }
    this.#text += separator === '{' ? '{}' : '}';
  }

  #quoted(name: string): string {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const quoted = `${JSON.stringify(name)}:`;
    this.#names.set(name, quoted);
    return quoted;
  }

  #part(name: string | number, value: unknown): void {
    this.#path.push(name);
    this.#value(value);
    this.#path.pop();
  }

  #refused(problem: string): InvalidKeyPartError {
    return new InvalidKeyPartError(this.#path.slice(0, 10).join('.') || 'parts', problem);
  }
}

/** By code units, which does not depend on the locale. Most objects have few names, which `sort` takes longer for. */
function sortedNames(value: object): string[] {
  const names = Object.keys(value);
  if (names.length > FEW_NAMES) return names.toSorted();
  for (let at = 1; at < names.length; at += 1) {
    const name = names[at]!;
    let to = at;
    for (; to > 0 && names[to - 1]! > name; to -= 1) names[to] = names[to - 1]!;
    names[to] = name;
  }
  return names;
}
