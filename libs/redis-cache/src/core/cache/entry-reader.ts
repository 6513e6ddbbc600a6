import type { EntryStore, TagStore } from '../backend/backend.js';
import { failureCode, isTooDeep, TOO_DEEP } from 'nestjs-redis-connection';
import type { Guard, RunTerms } from '../guard/guard.js';
import type { CacheLogger } from '../util/cache-logger.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { type NearCache, NO_READ, type NearRead } from '../near/near-cache.js';
import type { Unreadable, UnreadableReport } from '../encryption/unreadable.js';
import { decompress } from '../entry/compression.js';
import type { EntryOpener } from '../entry/entry-sealing.js';
import {
  type DecodedEntry,
  type EntryTimes,
  HEADER_BYTES,
  MAX_FAILURE_BYTES,
  maxEntryBytes,
  type OpenedEntry,
  parseBody,
  type TagVersions,
} from '../entry/entry-envelope.js';

/** An entry within its TTL (`fresh`) or past it (`stale`). */
export interface Found {
  state: 'fresh' | 'stale';
  entry: DecodedEntry;
  /** Header of the stored bytes, which tells this entry from any later one. */
  seen: Buffer;
}

/**
 * What is stored under a key.
 * - `missing`: nothing, or an entry that is no longer valid, whose header is `seen`
 * - `unavailable`: the backend could not be queried
 */
export type Reading =
  Found | { state: 'missing'; seen: Buffer | null } | { state: 'unavailable'; seen: null };

/** Whether an entry's value is parsed, or left as the bytes of its JSON. */
export type ReadForm = 'value' | 'bytes';

export interface EntryReaderDependencies {
  entries: EntryStore;
  opener: EntryOpener;
  unreadable: UnreadableReport;
  tags: TagStore;
  guard: Guard;
  near: NearCache;
  maxValueBytes: number;
  now: () => number;
  counters: RedisCacheCounters;
  logger: CacheLogger;
}

const FAILED = Symbol('failed');
/** Another program keeps a list or a hash under the key. */
const FOREIGN = Symbol('foreign');
const READ: RunTerms<Buffer | null, typeof FAILED | typeof FOREIGN> = {
  onError: (error) => (failureCode(error) === 'WRONGTYPE' ? FOREIGN : FAILED),
};
const TOO_LARGE = 'is larger than maxValueBytes';
const NO_TAGS: readonly string[] = [];
const NOTHING: Reading = { state: 'missing', seen: null };
const UNAVAILABLE: Reading = { state: 'unavailable', seen: null };

/**
 * Reads entries from the backend and judges them: readable, within the limits of writing, valid by their tags, within
 * their TTL.
 */
export class EntryReader {
  constructor(private readonly use: EntryReaderDependencies) {}

  /** Reads the entry. A fresh value becomes a near copy, unless the entry changes meanwhile; bytes never do. */
  async read(key: string, form: ReadForm = 'value'): Promise<Reading> {
    const nearRead = form === 'value' ? this.use.near.beginRead(key) : NO_READ;
    const since = this.moment;
    const bytes = await this.use.guard.run(() => this.use.entries.get(key), FAILED, READ);
    if (!Buffer.isBuffer(bytes)) {
      nearRead.end();
      if (bytes === FOREIGN) return this.#afterForeignValue(key, since);
      return bytes === null ? NOTHING : UNAVAILABLE;
    }
    const judged = this.judge(key, bytes, form, since);
    // Awaited only if it is a promise, to save a turn of the microtask queue.
    const reading = judged instanceof Promise ? await judged : judged;
    if (reading.state === 'fresh') keepNear(nearRead, reading.entry, bytes.byteLength);
    else nearRead.end();
    return reading;
  }

  /** Whether Redis can be reached, as far as is known. */
  get isServing(): boolean {
    return this.use.guard.serving;
  }

  /** Now, for callers that read and then go on; see `Guard`. */
  get moment(): number {
    return this.use.guard.moment;
  }

  /** Judges the bytes that are stored under the key. `since`: when the operation began. */
  judge(
    key: string,
    bytes: Buffer,
    form: ReadForm = 'value',
    since = this.moment,
  ): Reading | Promise<Reading> {
    if (bytes.byteLength > maxEntryBytes(this.use.maxValueBytes)) {
      return this.#afterCorruptEntry(key, bytes, TOO_LARGE);
    }
    const opened = this.use.opener.open(key, bytes);
    if (opened === null) return this.#afterCorruptEntry(key, bytes);
    if (typeof opened === 'string') return this.#afterUnreadableEntry(bytes, opened);
    if (opened.tags !== undefined) return this.#judgeTagged(key, bytes, opened, form, since);
    return this.#judgeUntagged(key, bytes, opened, form);
  }

  async #judgeTagged(
    key: string,
    bytes: Buffer,
    opened: OpenedEntry,
    form: ReadForm,
    since: number,
  ): Promise<Reading> {
    const valid = await this.#isValid(opened.tags!, since);
    if (valid === null) return UNAVAILABLE;
    if (!valid) return { state: 'missing', seen: bytes.subarray(0, HEADER_BYTES) };
    return this.#judgeUntagged(key, bytes, opened, form);
  }

  #judgeUntagged(
    key: string,
    bytes: Buffer,
    opened: OpenedEntry,
    form: ReadForm,
  ): Reading | Promise<Reading> {
    return opened.compressed
      ? this.#judgeCompressed(key, bytes, opened, form)
      : this.#judgeBody(key, bytes, opened, opened.body, form);
  }

  async #judgeCompressed(key: string, bytes: Buffer, opened: OpenedEntry, form: ReadForm): Promise<Reading> {
    const json = await decompress(opened.body, this.use.maxValueBytes);
    return json === null
      ? this.#afterCorruptEntry(key, bytes)
      : this.#judgeBody(key, bytes, opened, json, form);
  }

  #judgeBody(key: string, bytes: Buffer, opened: OpenedEntry, json: Buffer, form: ReadForm): Reading {
    const { times, tags, failure } = opened;
    const maxBytes = failure ? MAX_FAILURE_BYTES : this.use.maxValueBytes;
    if (json.byteLength > maxBytes) return this.#afterCorruptEntry(key, bytes, TOO_LARGE);
    if (isTooDeep(json)) return this.#afterCorruptEntry(key, bytes, TOO_DEEP);
    const value = form === 'value' ? parseBody(json) : checkedJson(json, times);
    if (value === undefined) return this.#afterCorruptEntry(key, bytes);
    const isPast = times !== null && times.expiresAt <= this.use.now();
    const seen = bytes.subarray(0, HEADER_BYTES);
    return { state: isPast ? 'stale' : 'fresh', entry: { value, times, tags, failure }, seen };
  }

  /** Whether the tags still have these versions; `null` when the backend could not be queried. */
  async #isValid(tags: TagVersions, since: number): Promise<boolean | null> {
    const names = Object.keys(tags);
    const versions = await this.use.guard.run(() => this.use.tags.read(names), null, { since });
    return versions && names.every((name, index) => tags[name] === versions[index]);
  }

  #afterCorruptEntry(key: string, bytes: Buffer, problem = 'is not readable'): Reading {
    this.#reportCorrupt(problem);
    void this.use.guard.run(() => this.use.entries.discard(key, bytes), 0);
    return { state: 'missing', seen: bytes.subarray(0, HEADER_BYTES) };
  }

  /** Not removed: another process may have the key. The next value that is stored replaces it. */
  #afterUnreadableEntry(bytes: Buffer, reason: Unreadable): Reading {
    this.use.unreadable.note(reason);
    return { state: 'missing', seen: bytes.subarray(0, HEADER_BYTES) };
  }

  async #afterForeignValue(key: string, since: number): Promise<Reading> {
    const { guard, entries } = this.use;
    const removed = await guard.run(() => entries.discardForeign(key), 0, { since });
    if (removed === 0) return UNAVAILABLE;
    this.#reportCorrupt('is not a string');
    return NOTHING;
  }

  #reportCorrupt(problem: string): void {
    this.use.counters.corrupt += 1;
    this.use.logger.warn(`A cache entry ${problem}; it counts as a miss and is removed`);
  }
}

/** `undefined` unless the bytes are JSON. What this library wrote was JSON then; other bytes may be anything. */
function checkedJson(json: Buffer, times: EntryTimes | null): Buffer | undefined {
  return times === null && parseBody(json) === undefined ? undefined : json;
}

function keepNear(nearRead: NearRead, entry: DecodedEntry, bytes: number): void {
  const { value, times, tags, failure } = entry;
  // An entry without an expiry cannot be kept: nothing would end the copy.
  if (times === null || failure) nearRead.end();
  else nearRead.keep({ value, times, tags: tags === undefined ? NO_TAGS : Object.keys(tags), bytes });
}
