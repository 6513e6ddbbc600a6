import type { EntryStore } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { CacheLogger } from '../util/cache-logger.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import type { EntryPacker } from '../entry/compression.js';
import type { PendingInvalidations } from './pending-invalidations.js';
import type { NearCache } from '../near/near-cache.js';
import { assertKey, assertList, assertSize, ttlToMs } from '../entry/arguments.js';
import { callOptionNames } from '../errors/option-names.js';
import { toJson } from '../util/json-value.js';

/** One response for `setMany`. */
export interface ResponseToCache {
  key: string;
  response: unknown;
  /** Default: the module's `ttlSeconds`. */
  ttlSeconds?: number;
}

const RESPONSE_TO_CACHE = callOptionNames<ResponseToCache>({ key: true, response: true, ttlSeconds: true });

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

  /** @param onPacked receives the size of the entry, in bytes, before it is sent */
  async set(
    promptHash: string,
    value: unknown,
    ttlSeconds = this.use.ttlSeconds,
    onPacked?: (bytes: number) => void,
  ): Promise<boolean> {
    assertKey(promptHash, 'promptHash');
    const ttlMs = ttlToMs(ttlSeconds);
    return this.#set(promptHash, value, ttlMs, onPacked);
  }

  /** Validates all responses before it stores the first. */
  async setMany(responses: readonly ResponseToCache[]): Promise<boolean[]> {
    assertList(responses, 'responses');
    for (const [index, response] of responses.entries()) {
      this.#assertStorable(response, `responses[${index}]`);
    }
    return Promise.all(
      responses.map(({ key, response, ttlSeconds = this.use.ttlSeconds }) =>
        this.#set(key, response, ttlToMs(ttlSeconds)),
      ),
    );
  }

  async #set(
    key: string,
    value: unknown,
    ttlMs: number,
    onPacked?: (bytes: number) => void,
  ): Promise<boolean> {
    const { counters, pending } = this.use;
    const { moment } = pending;
    const stored = await this.#store(key, value, ttlMs, onPacked);
    if (!stored) counters.failedWrites += 1;
    else {
      counters.writes += 1;
      pending.replaced(key, moment);
    }
    return stored;
  }

  #assertStorable(given: ResponseToCache, argument: string): void {
    RESPONSE_TO_CACHE.check(given, argument);
    const { key, response, ttlSeconds = this.use.ttlSeconds } = given;
    assertKey(key, `${argument}.key`);
    ttlToMs(ttlSeconds, `${argument}.ttlSeconds`);
    const text = toJson(response);
    if ('json' in text) assertSize(`${argument}.response`, text.json, this.use.maxValueBytes);
  }

  #store(
    key: string,
    value: unknown,
    ttlMs: number,
    onPacked?: (bytes: number) => void,
  ): boolean | Promise<boolean> {
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
      ? entry.then((packed) => this.#write(key, packed, ttlMs, onPacked))
      : this.#write(key, entry, ttlMs, onPacked);
  }

  #write(key: string, entry: Buffer, ttlMs: number, onPacked?: (bytes: number) => void): Promise<boolean> {
    onPacked?.(entry.byteLength);
    return this.use.guard.runWrite(() => this.use.store.set(key, entry, ttlMs).then(confirmed), false);
  }
}
