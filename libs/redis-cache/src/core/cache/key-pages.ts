import type { EntryStore, KeyPage } from '../backend/backend.js';
import { assertKey } from '../entry/arguments.js';
import { InvalidCallOptionError } from '../errors/errors.js';
import type { Guard } from '../guard/guard.js';

/** The keys of the stored entries, for maintenance: Redis scans all its keys for them, about a thousand per page. */
export class KeyPages {
  readonly #entries: EntryStore;
  readonly #guard: Guard;

  /** Created by `RedisCacheService`. */
  constructor(entries: EntryStore, guard: Guard) {
    this.#entries = entries;
    this.#guard = guard;
  }

  /**
   * Returns a page of the keys that begin with `prefix`. A key may be in several pages; entries past their TTL that are
   * kept for `staleSeconds` are among them. Fallback: `null`.
   *
   * @param prefix the beginning of the keys, up to 1,024 characters; `''` for all keys
   * @param cursor the cursor of the previous page; default `null`, for the first page
   * @throws {InvalidKeyError} over-long or ill-formed prefix
   * @throws {InvalidCallOptionError} the cursor is neither text nor `null`
   * @example
   * let page = await cache.keyPages.read('report:');
   * while (page !== null) {
   *   console.log(page.keys);
   *   page = page.cursor === null ? null : await cache.keyPages.read('report:', page.cursor);
   * }
   */
  async read(prefix: string, cursor: string | null = null): Promise<KeyPage | null> {
    if (prefix !== '') assertKey(prefix, 'prefix');
    if (cursor !== null && typeof cursor !== 'string') {
      throw new InvalidCallOptionError(
        'cursor',
        'must be the cursor of the previous page, or null for the first',
      );
    }
    return this.#guard.run(() => this.#entries.keyPage(prefix, cursor), null);
  }
}
