import type { EntryStore } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { CacheLogger } from '../util/cache-logger.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import type { EntryPacker } from '../entry/compression.js';
import type { PendingInvalidations } from './pending-invalidations.js';
import type { NearCache } from '../near/near-cache.js';
import { assertKey, assertSize, ttlToMs } from '../entry/arguments.js';
import { toJson } from '../util/json-value.js';

/** One response for `setMany`. */
export interface ResponseToCache {
  key: string;
  response: unknown;
  /** Default: the module's `ttlSeconds`. */
  ttlSeconds?: number;
}

export interface ResponseWriterDependencies {
  store: EntryStore;
  guard: Guard;
  near: NearCache;
  pending: PendingInvalidations;
  packer: EntryPacker;
  now: () => number;
  counters: RedisCacheCounters;
  logger: CacheLogger;
  maxValueBytes: number;
  /** TTL of responses that have none of their own. */
  ttlSeconds: number;
}

const confirmed = (): boolean => true;

/** Stores responses whose caller has computed them already. */
export class ResponseWriter {
  constructor(private readonly use: ResponseWriterDependencies) {}

  /** `field` names the key argument in errors. */
  async set(key: string, value: unknown, ttlSeconds = this.use.ttlSeconds, field = 'key'): Promise<boolean> {
    assertKey(key, field);
    const ttlMs = ttlToMs(ttlSeconds);
    const { counters, pending } = this.use;
    const { moment } = pending;
    const stored = await this.#store(key, value, ttlMs);
    if (!stored) counters.failedWrites += 1;
    else {
      counters.writes += 1;
      pending.replaced(key, moment);
    }
    return stored;
  }

  /** Validates all responses before it stores the first. */
  async setMany(responses: readonly ResponseToCache[]): Promise<boolean[]> {
    for (const response of responses) this.#assertStorable(response);
    return Promise.all(responses.map(({ key, response, ttlSeconds }) => this.set(key, response, ttlSeconds)));
  }

  #assertStorable({ key, response, ttlSeconds = this.use.ttlSeconds }: ResponseToCache): void {
    assertKey(key, 'key');
    ttlToMs(ttlSeconds);
    const text = toJson(response);
    if ('json' in text) assertSize('response', text.json, this.use.maxValueBytes);
  }

  #store(key: string, value: unknown, ttlMs: number): boolean | Promise<boolean> {
    const text = toJson(value);
    if ('problem' in text) {
      this.use.logger.warn(`A response was not cached: ${text.problem}`);
      return false;
    }
    assertSize('response', text.json, this.use.maxValueBytes);
    this.use.near.delete(key);
    const createdAt = this.use.now();
    const times = { createdAt, expiresAt: createdAt + ttlMs, durationMs: 0 };
    const entry = this.use.packer.pack(text.json, times);
    // Awaited only if it is a promise: each turn of the microtask queue costs as much as a small copy.
    return entry instanceof Promise
      ? entry.then((packed) => this.#write(key, packed, ttlMs))
      : this.#write(key, entry, ttlMs);
  }

  #write(key: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    return this.use.guard.runWrite(() => this.use.store.set(key, entry, ttlMs).then(confirmed), false);
  }
}
