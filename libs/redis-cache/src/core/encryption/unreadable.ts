import type { RedisCacheCounters } from '../counters/counters.js';
import type { CacheLogger } from '../util/cache-logger.js';
import type { OpenFailure } from './cipher.js';

/**
 * Why stored data was not read.
 * - `plain`: it is not encrypted, and `encryption.readPlain` is not set
 * - `encrypted`: it is, and there are no `encryption.keys`
 */
export type Unreadable = OpenFailure | 'plain' | 'encrypted';

const PROBLEMS: Readonly<Record<Unreadable, string>> = {
  'unknown-key': 'is encrypted with a key that is not in encryption.keys',
  altered: 'was changed, or moved from another key, after it had been encrypted',
  plain: 'is not encrypted, and encryption.readPlain is not set',
  encrypted: 'is encrypted, and encryption.keys is not set',
};

/** Counts data that could not be decrypted, and logs the first of each kind. */
export class UnreadableReport {
  readonly #reported = new Set<Unreadable>();

  constructor(
    private readonly counters: RedisCacheCounters,
    private readonly logger: CacheLogger,
  ) {}

  note(reason: Unreadable): void {
    this.counters.undecryptable += 1;
    if (this.#reported.has(reason)) return;
    this.#reported.add(reason);
    this.logger.warn(
      `Stored data ${PROBLEMS[reason]}; it is left where it is and not used; further data of this kind is only counted`,
    );
  }
}
