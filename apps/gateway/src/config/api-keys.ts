import { hash, timingSafeEqual } from 'node:crypto';
import { InvalidListError } from './parse-addresses.js';

/** The owner of an API key. Each tenant has its own cache scope and queue quota. */
export interface Tenant {
  /** Lower-case letters, digits, `-` and `_`; part of every cache key. */
  readonly name: string;
  /** Whether the key may clear the cache, invalidate tags and replay dead letters. */
  readonly admin: boolean;
  /** Whether the key may only read statistics and metrics, those of all tenants. */
  readonly monitor?: boolean;
}

/** The tenant name of requests without a key. No key can have it. */
export const ANONYMOUS_NAME = 'anonymous';

/** A key in memory: its digest only, never the key itself. */
interface HashedKey {
  readonly digest: Buffer;
  readonly tenant: Tenant;
}

/** The accepted API keys, hashed. */
export class ApiKeys {
  readonly #keys: readonly HashedKey[];

  constructor(keys: Iterable<readonly [key: string, tenant: Tenant]>) {
    this.#keys = Array.from(keys, ([key, tenant]) => ({ digest: digestOf(key), tenant }));
  }

  /** The number of keys. */
  get size(): number {
    return this.#keys.length;
  }

  /** The distinct names, in the order of their keys. */
  get names(): string[] {
    return namesOf(this.#keys);
  }

  /** The distinct names that have a key other than a monitor's. */
  get tenants(): string[] {
    return namesOf(this.#keys.filter(({ tenant }) => !tenant.monitor));
  }

  /** Returns the owner of a key, or `undefined` if no key matches. Takes the same time for every key. */
  find(presented: string): Tenant | undefined {
    const digest = digestOf(presented);
    let found: Tenant | undefined;
    // Compare with all keys: stopping at the first match would reveal a key's position by the duration.
    for (const key of this.#keys) if (timingSafeEqual(key.digest, digest)) found = key.tenant;
    return found;
  }
}

function namesOf(keys: readonly HashedKey[]): string[] {
  return [...new Set(keys.map(({ tenant }) => tenant.name))];
}

function digestOf(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** Shorter keys can be guessed. */
const MIN_KEY_LENGTH = 16;
const MAX_KEY_LENGTH = 512;
/** Every request compares its key with all of them. */
const MAX_KEYS = 1_000;
const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/;
// Visible ASCII without the separators "," and ":", so that a key fits into a header.
const KEY = /^[!-+\--9;-~]+$/;
const ADMIN = 'admin';
const MONITOR = 'monitor';

/**
 * Reads `name:key,name2:key2`. `name:key:admin` is the key of an administrator, `name:key:monitor` one that only reads
 * statistics and metrics. Several entries may share a name, so that keys can be replaced one by one.
 *
 * @throws {InvalidListError} an entry is invalid; the message says what is wrong with it
 *
 * @example
 * parseApiKeys('web:s3cr3t-of-the-web-team,ops:s3cr3t-of-operations:admin')
 */
export function parseApiKeys(text: string): ApiKeys {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length > MAX_KEYS) throw new InvalidListError(`there are more than ${MAX_KEYS} entries`);
  const keys = new Map<string, Tenant>();
  for (const [index, entry] of entries.entries()) {
    const refuse = (problem: string): never => {
      throw new InvalidListError(`entry ${index + 1} ${problem}`);
    };
    const { key, tenant } = parseEntry(entry, refuse);
    if (keys.has(key)) refuse('repeats the key of an earlier entry');
    keys.set(key, tenant);
  }
  return new ApiKeys(keys);
}

function parseEntry(entry: string, refuse: (problem: string) => never): { key: string; tenant: Tenant } {
  const [name = '', key, role, ...rest] = entry.split(':');
  if (key === undefined || rest.length > 0) refuse('is not of the form name:key or name:key:role');
  if (role !== undefined && role !== ADMIN && role !== MONITOR) {
    refuse(`may only have the role "${ADMIN}" or "${MONITOR}" after its key`);
  }
  assertName(name, refuse);
  assertKey(key!, refuse);
  return { key: key!, tenant: Object.freeze(tenantOf(name, role)) };
}

function tenantOf(name: string, role: string | undefined): Tenant {
  return role === MONITOR ? { name, admin: false, monitor: true } : { name, admin: role === ADMIN };
}

function assertName(name: string, refuse: (problem: string) => never): void {
  if (!NAME.test(name)) {
    refuse(
      'needs a name of 1 to 32 lower-case letters, digits, "-" and "_" that starts with a letter or digit',
    );
  }
  if (name === ANONYMOUS_NAME) refuse(`must not be named "${ANONYMOUS_NAME}"`);
}

function assertKey(key: string, refuse: (problem: string) => never): void {
  if (key.length < MIN_KEY_LENGTH) refuse(`has a key of fewer than ${MIN_KEY_LENGTH} characters`);
  if (key.length > MAX_KEY_LENGTH) refuse(`has a key of more than ${MAX_KEY_LENGTH} characters`);
  if (!KEY.test(key)) refuse('has a key with characters other than visible ASCII');
}
