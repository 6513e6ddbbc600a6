import { hash, timingSafeEqual } from 'node:crypto';
import type { Tenant } from './tenant.js';

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
