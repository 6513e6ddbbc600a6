import { setImmediate as nextTurn } from 'node:timers/promises';
import { hasMoreText } from 'nestjs-redis-connection';
import type { Backend } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { CacheLogger } from '../util/cache-logger.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { encodeEntry, type EntryTimes, type TagVersions } from '../entry/entry-envelope.js';
import type { NearCache, NearCopy, NearWrite } from '../near/near-cache.js';
import type { EntryPacker } from '../entry/compression.js';
import { ttlToMs } from '../entry/arguments.js';
import { type JsonText, toJson } from '../util/json-value.js';
import type { EntryReader } from './entry-reader.js';
import { writeFailure } from './factory.js';
import type { Lease } from './lease.js';
import type { PendingInvalidations } from './pending-invalidations.js';
import type { Settings } from './settings.js';
import { StoredForm } from './stored-form.js';
import type { WriteBehind } from './write-behind.js';

/** A value, computed in this process or another. */
export interface Computed {
  value: unknown;
  /** Computed by another process. */
  elsewhere: boolean;
  /** `null` when it is not stored. */
  times: EntryTimes | null;
  stored: boolean;
  /** Only for callers that came before an invalidation: invalidated meanwhile, or not computed at all. */
  outdated: boolean;
  /** Only for callers that came while Redis was away: an invalidation since the computation began would not show. */
  unverified?: true;
}

/** A value that was computed in this process. */
export interface FreshValue {
  key: string;
  settings: Settings;
  lease: Lease | null;
  /** `null`: they could not be read, so the value cannot be stored. */
  tags: TagVersions | null | undefined;
  value: unknown;
  durationMs: number;
  isCurrent: () => boolean;
}

export interface ResultKeeperDependencies {
  backend: Backend;
  guard: Guard;
  reader: EntryReader;
  writeBehind: WriteBehind;
  pending: PendingInvalidations;
  near: NearCache;
  packer: EntryPacker;
  now: () => number;
  counters: RedisCacheCounters;
  logger: CacheLogger;
  maxValueBytes: number;
}

/** Whether a value was stored now or before (`there`), or not, or had been invalidated by then, or may have been. */
type Outcome = 'stored' | 'there' | 'unstored' | 'outdated' | 'unverified';

/** How long waiters can find a value that is stored for less, or not at all. */
export const OUTCOME_KEEP_MS = 2_000;
/** After a longer text was written as JSON, others get a turn of the event loop before its bytes are. */
const LARGE_CHARS = 256 * 1_024;
/** Tag versions outlive their entries by this much, because clocks differ. */
const TAG_MARGIN_MS = 60_000;

/** Stores computed values, or keeps them until Redis is back. The caller gets the value in any case. */
export class ResultKeeper {
  readonly #storedForm: StoredForm;

  constructor(private readonly use: ResultKeeperDependencies) {
    this.#storedForm = new StoredForm(use.logger);
  }

  /**
   * Versions of the tags before the factory runs; `undefined` without tags, `null` when unknown. `since`: when the
   * operation began.
   */
  async tagVersions(settings: Settings, since: number): Promise<TagVersions | null | undefined> {
    const { tags, ttlMs, staleMs, writes } = settings;
    if (tags.length === 0 || !writes) return undefined;
    const keepMs = ttlMs + staleMs + TAG_MARGIN_MS;
    const { guard, backend } = this.use;
    const versions = await guard.run(() => backend.tags.ensure(tags, keepMs), null, { since });
    return versions && Object.fromEntries(tags.map((tag, index) => [tag, versions[index]!]));
  }

  /** Returns the value as a hit will. A value that JSON cannot carry, or that is too large, is returned as it is. */
  async keep(given: FreshValue): Promise<Computed> {
    const json = this.#jsonOf(given.value);
    if (json !== null && json.length > LARGE_CHARS) await nextTurn();
    const value = json === null ? given.value : this.#storedForm.of(given.key, given.value, json);
    const fresh = { ...given, settings: { ...given.settings, ttlMs: this.#ttlMs(given) } };
    const times = timesFrom(this.use.now(), fresh.settings.ttlMs, fresh.durationMs);
    const outcome = await this.#keep(fresh, times, json);
    if (outcome === 'stored') this.use.counters.writes += 1;
    const stored = outcome === 'stored' || outcome === 'there';
    const computed = { value, elsewhere: false, times, stored, outdated: outcome === 'outdated' };
    return outcome === 'unverified' ? { ...computed, unverified: true } : computed;
  }

  /** Stores a failure if the settings say so and there is no value. Returns whether it did. */
  async keepFailure(
    { settings, tags }: Pick<FreshValue, 'settings' | 'tags'>,
    lease: Lease,
    error: unknown,
  ): Promise<boolean> {
    const ttlMs = this.#negativeTtlMs(settings, error);
    // A call that did not read could replace a good value.
    if (ttlMs === 0 || tags === null || !settings.reads) return false;
    const times = timesFrom(this.use.now(), ttlMs, 0);
    const entry = encodeEntry(writeFailure(error), times, { failure: true, tags });
    return (await lease.completeFailed(entry, Math.max(ttlMs, OUTCOME_KEEP_MS))) === 'done';
  }

  #negativeTtlMs({ negativeTtlSeconds: seconds }: Settings, error: unknown): number {
    try {
      const chosen = typeof seconds === 'function' ? seconds(error) : seconds;
      return chosen > 0 ? ttlToMs(chosen) : 0;
    } catch (problem) {
      this.#reportChoice('negativeTtlSeconds', problem);
      return 0;
    }
  }

  /** The TTL that the value allows; 0 if it must not be stored. */
  #ttlMs({ settings, value }: FreshValue): number {
    try {
      return Math.max(0, Math.min(settings.ttlMs, settings.maxTtlSeconds(value) * 1000)) || 0;
    } catch (problem) {
      this.#reportChoice('maxTtlSeconds', problem);
      return 0;
    }
  }

  #isWorthStoring({ settings, value }: FreshValue): boolean {
    try {
      return settings.ttlMs > 0 && settings.shouldCache(value);
    } catch (problem) {
      this.#reportChoice('shouldCache', problem);
      return false;
    }
  }

  #reportChoice(option: string, problem: unknown): void {
    const reason = problem instanceof Error ? problem.message : 'it failed';
    this.use.logger.warn(`${option} returned no usable value, so nothing was stored: ${reason}`);
  }

  async #keep(fresh: FreshValue, times: EntryTimes, json: string | null): Promise<Outcome> {
    const { near, reader } = this.use;
    const { key } = fresh;
    // Before the tags are compared, so that an invalidation after the comparison is noticed.
    const nearWrite = near.beginWrite(key, () => void reader.read(key));
    try {
      return await this.#write(fresh, times, json, nearWrite);
    } finally {
      nearWrite.end();
    }
  }

  async #write(
    fresh: FreshValue,
    times: EntryTimes,
    json: string | null,
    nearWrite: NearWrite,
  ): Promise<Outcome> {
    const { lease, settings, tags } = fresh;
    if (tags === null) return this.#giveUp(lease, 'unverified', this.use.guard.moment);
    const entry = await this.#packed(fresh, times, json);
    const since = this.use.guard.moment;
    const tagState = tags ? await this.#compareTags(tags, since) : 'same';
    if (tagState === 'changed') return this.#giveUp(lease, 'outdated', since);
    if (json === null) return this.#giveUp(lease, 'unstored', since);
    if (entry === null) return this.#share(lease, json, since);
    const copy = (): NearCopy => ({
      // What a hit returns, which is not always what the factory returned.
      value: JSON.parse(json) as unknown,
      times,
      tags: settings.tags,
      bytes: entry.byteLength,
    });
    const write = { entry, copy, since };
    return this.#store(fresh, write, tagState === 'same' ? nearWrite : withoutCopy(nearWrite));
  }

  /** The entry to be stored; `null` if the value is not to be. */
  async #packed(fresh: FreshValue, times: EntryTimes, json: string | null): Promise<Buffer | null> {
    const { settings, tags } = fresh;
    if (json === null || !settings.writes || !this.#isWorthStoring(fresh)) return null;
    return this.use.packer.pack(json, times, { tags: tags ?? undefined });
  }

  /** Whether the tags still have these versions; `unknown` when Redis could not be queried. */
  async #compareTags(tags: TagVersions, since: number): Promise<'same' | 'changed' | 'unknown'> {
    const names = Object.keys(tags);
    const { guard, backend } = this.use;
    const versions = await guard.run(() => backend.tags.read(names), null, { since });
    if (versions === null) return 'unknown';
    return names.every((name, index) => tags[name] === versions[index]) ? 'same' : 'changed';
  }

  async #store(
    { key, lease, settings, isCurrent }: FreshValue,
    { entry, copy, since }: { entry: Buffer; copy: () => NearCopy; since: number },
    nearWrite: NearWrite,
  ): Promise<Outcome> {
    const ttlMs = Math.max(settings.ttlMs + settings.staleMs, OUTCOME_KEEP_MS);
    const end = lease === null ? 'unavailable' : await lease.complete(entry, ttlMs, since);
    if (end === 'done') {
      nearWrite.stored(copy);
      if (isCurrent()) this.use.pending.replaced(key, this.use.pending.moment);
      return 'stored';
    }
    if (end === 'there') {
      nearWrite.there();
      return 'there';
    }
    nearWrite.end();
    if (end === 'lost' || !isCurrent()) return 'outdated';
    this.use.near.keepWithoutRedis(key, copy);
    this.use.writeBehind.add(key, entry, this.use.now() + ttlMs);
    if (this.use.guard.serving) void this.use.writeBehind.drain();
    return 'unstored';
  }

  async #giveUp(lease: Lease | null, outcome: Outcome, since: number): Promise<Outcome> {
    await lease?.release(since);
    return outcome;
  }

  async #share(lease: Lease | null, json: string, since: number): Promise<Outcome> {
    const end = await lease?.share(json, OUTCOME_KEEP_MS, since);
    return end === 'lost' ? 'outdated' : 'unstored';
  }

  #jsonOf(value: unknown): string | null {
    const text = this.#textOf(value);
    const problem = 'problem' in text ? text.problem : this.#sizeProblem(text.json);
    if (problem === null) return (text as { json: string }).json;
    this.use.logger.warn(`A computed value was not cached: ${problem}`);
    return null;
  }

  #textOf(value: unknown): JsonText {
    const { maxValueBytes } = this.use;
    if (!hasMoreText(value, maxValueBytes)) return toJson(value);
    return { problem: `it takes more than ${maxValueBytes} bytes as JSON, which is the limit` };
  }

  #sizeProblem(json: string): string | null {
    const { maxValueBytes } = this.use;
    const bytes = Buffer.byteLength(json);
    return bytes > maxValueBytes ? `it takes ${bytes} bytes as JSON; the limit is ${maxValueBytes}` : null;
  }
}

/** For a value whose tags may have changed: the entry is read back, which compares them. */
function withoutCopy(nearWrite: NearWrite): NearWrite {
  return { ...nearWrite, stored: () => nearWrite.stored() };
}

function timesFrom(createdAt: number, ttlMs: number, durationMs: number): EntryTimes {
  return { createdAt, expiresAt: createdAt + ttlMs, durationMs };
}
