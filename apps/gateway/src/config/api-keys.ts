import { hash, timingSafeEqual } from 'node:crypto';

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

/** A key as it is kept: never itself, only its digest. */
interface HashedKey {
  readonly digest: Buffer;
  readonly tenant: Tenant;
}

/** The keys that are accepted, hashed. */
export class ApiKeys {
  readonly #keys: readonly HashedKey[];

  constructor(keys: Iterable<readonly [key: string, tenant: Tenant]>) {
    this.#keys = Array.from(keys, ([key, tenant]) => ({ digest: digestOf(key), tenant }));
  }

  /** How many keys there are. */
  get size(): number {
    return this.#keys.length;
  }

  /** The names, each once, in the order of their keys. */
  get names(): string[] {
    return namesOf(this.#keys);
  }

  /** The names that have a key for more than to watch. */
  get tenants(): string[] {
    return namesOf(this.#keys.filter(({ tenant }) => !tenant.monitor));
  }

  /** Whose key it is; `undefined` for a wrong one. Takes as long for any wrong key as for any right one. */
  find(presented: string): Tenant | undefined {
    const digest = digestOf(presented);
    let found: Tenant | undefined;
    // All of them, always: leaving at the first match would tell by its duration where a key stands.
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

/** Shorter keys could be guessed. */
const MIN_KEY_LENGTH = 16;
const MAX_KEY_LENGTH = 512;
/** Every key is compared with every request's. */
const MAX_KEYS = 1_000;
const NAME = /^[a-z0-9][a-z0-9_-]{0,31}$/;
// Visible ASCII without what separates: it has to fit into a header.
const KEY = /^[!-+\--9;-~]+$/;
const ADMIN = 'admin';
const MONITOR = 'monitor';

/** Why a list of keys cannot be used. Tells the position of the entry, never its text. */
export class InvalidApiKeysError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'InvalidApiKeysError';
  }
}

/**
 * Reads `name:key,name2:key2`; `name:key:admin` makes a key one of an administrator, `name:key:monitor` one that only
 * reads numbers. A name may come again with another key, so that keys can be changed one after the other.
 *
 * @throws {InvalidApiKeysError} which entry is wrong, and what is wrong with it
 *
 * @example
 * parseApiKeys('web:s3cr3t-of-the-web-team,ops:s3cr3t-of-operations:admin')
 */
export function parseApiKeys(text: string): ApiKeys {
  const entries = text.split(',').map((entry) => entry.trim());
  if (entries.length > MAX_KEYS) throw new InvalidApiKeysError(`there are more than ${MAX_KEYS} entries`);
  const keys = new Map<string, Tenant>();
  for (const [index, entry] of entries.entries()) {
    const refuse = (problem: string): never => {
      throw new InvalidApiKeysError(`entry ${index + 1} ${problem}`);
    };
    const { key, tenant } = parseEntry(entry, refuse);
    if (keys.has(key)) refuse('has a key that an entry before it has already');
    keys.set(key, tenant);
  }
  return new ApiKeys(keys);
}

function parseEntry(entry: string, refuse: (problem: string) => never): { key: string; tenant: Tenant } {
  const [name = '', key, role, ...rest] = entry.split(':');
  if (key === undefined || rest.length > 0) refuse('is not of the form name:key or name:key:role');
  if (role !== undefined && role !== ADMIN && role !== MONITOR) {
    refuse(`may have "${ADMIN}" or "${MONITOR}" after its key and nothing else`);
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
    refuse('needs a name of 1 to 32 lower-case letters, digits, "-" and "_", with a letter or digit first');
  }
  if (name === ANONYMOUS_NAME) refuse(`may not be named "${ANONYMOUS_NAME}"`);
}

function assertKey(key: string, refuse: (problem: string) => never): void {
  if (key.length < MIN_KEY_LENGTH) refuse(`has a key of less than ${MIN_KEY_LENGTH} characters`);
  if (key.length > MAX_KEY_LENGTH) refuse(`has a key of more than ${MAX_KEY_LENGTH} characters`);
  if (!KEY.test(key)) refuse('has a key with other characters than visible ASCII ones');
}
