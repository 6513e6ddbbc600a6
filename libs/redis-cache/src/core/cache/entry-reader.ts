import type { EntryStore } from '../backend/backend.js';
import type { TagStore } from '../backend/tag-store.js';
import type { Guard, GuardLogger } from '../guard/guard.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import type { NearCache, NearRead } from '../near/near-cache.js';
import { decompress } from '../entry/compression.js';
import {
  type DecodedEntry,
  type EntryTimes,
  HEADER_BYTES,
  openEntry,
  type OpenedEntry,
  parseBody,
  type TagVersions,
} from '../entry/entry-envelope.js';

/**
 * What stands under a key.
 * - `fresh`, `stale`: an entry within or past its TTL
 * - `missing`: none, or one that is not valid any more
 * - `unavailable`: the store could not be asked
 *
 * `seen` is the header of whatever stands there, so that a change can be told.
 */
export type Reading =
  | { state: 'fresh' | 'stale'; entry: DecodedEntry; seen: Buffer }
  | { state: 'missing'; seen: Buffer | null }
  | { state: 'unavailable'; seen: null };

/** A value as it is stored; `times` is `null` for plain JSON of another program. */
export interface StoredBytes {
  json: Buffer;
  times: EntryTimes | null;
}

export interface EntryReaderDependencies {
  entries: EntryStore;
  tags: TagStore;
  guard: Guard;
  near: NearCache;
  maxValueBytes: number;
  now: () => number;
  counters: RedisCacheCounters;
  logger: GuardLogger;
}

const FAILED = Symbol('failed');
const NO_TAGS: readonly string[] = [];
const NOTHING: Reading = { state: 'missing', seen: null };
const UNAVAILABLE: Reading = { state: 'unavailable', seen: null };

/** Reads entries and judges them: readable, valid by their tags, within their TTL. */
export class EntryReader {
  constructor(private readonly use: EntryReaderDependencies) {}

  /** Reads the entry; a fresh one is copied into the near cache, unless it changes meanwhile. */
  async read(key: string): Promise<Reading> {
    const nearRead = this.use.near.beginRead(key);
    const bytes = await this.use.guard.run(() => this.use.entries.get(key), FAILED);
    if (bytes === FAILED || bytes === null) {
      nearRead.end();
      return bytes === null ? NOTHING : this.#afterFailedRead(key);
    }
    const judged = this.judge(key, bytes);
    const reading = judged instanceof Promise ? await judged : judged;
    if (reading.state === 'fresh') keepNear(nearRead, reading.entry, bytes.byteLength);
    else nearRead.end();
    return reading;
  }

  /** The entry's JSON as it is stored, without reading it; `null` unless there is a fresh value. */
  async readBytes(key: string): Promise<StoredBytes | null> {
    const bytes = await this.use.guard.run(() => this.use.entries.get(key), FAILED);
    if (bytes === FAILED) await this.#afterFailedRead(key);
    if (bytes === FAILED || bytes === null) return null;
    const opened = openEntry(bytes);
    const reading = opened === null ? null : this.#jsonOf(opened);
    // No turn of the event loop for what is there already.
    const json = reading instanceof Promise ? await reading : reading;
    if (json === undefined) return null;
    // Bytes of another program may be anything; ours were JSON when they were written.
    const isJson = json !== null && (opened!.times !== null || parseBody(json) !== undefined);
    if (!isJson) this.#afterCorruptEntry(key, bytes);
    return isJson ? { json, times: opened!.times } : null;
  }

  /** `undefined` unless it is a fresh value, `null` when it is damaged. */
  #jsonOf(opened: OpenedEntry): Promise<Buffer | null | undefined> | Buffer | undefined {
    if (opened.failure || isPast(opened.times, this.use.now())) return undefined;
    return opened.tags === undefined && !opened.compressed ? opened.body : this.#jsonOfSlowly(opened);
  }

  async #jsonOfSlowly({ tags, compressed, body }: OpenedEntry): Promise<Buffer | null | undefined> {
    if (tags !== undefined && !(await this.#isValid(tags))) return undefined;
    return compressed ? decompress(body, this.use.maxValueBytes) : body;
  }

  /** Judges bytes that stand under the key. */
  judge(key: string, bytes: Buffer): Reading | Promise<Reading> {
    const opened = openEntry(bytes);
    if (opened === null) return this.#afterCorruptEntry(key, bytes);
    if (opened.compressed || opened.tags !== undefined) return this.#judgeSlowly(key, bytes, opened);
    return this.#judgeBody(key, bytes, opened, opened.body);
  }

  async #judgeSlowly(key: string, bytes: Buffer, opened: OpenedEntry): Promise<Reading> {
    const { tags, compressed, body } = opened;
    const valid = tags === undefined || (await this.#isValid(tags));
    if (valid === null) return UNAVAILABLE;
    if (!valid) return { state: 'missing', seen: bytes.subarray(0, HEADER_BYTES) };
    const json = compressed ? await decompress(body, this.use.maxValueBytes) : body;
    return json === null ? this.#afterCorruptEntry(key, bytes) : this.#judgeBody(key, bytes, opened, json);
  }

  #judgeBody(key: string, bytes: Buffer, { times, tags, failure }: OpenedEntry, json: Buffer): Reading {
    const value = parseBody(json);
    if (value === undefined) return this.#afterCorruptEntry(key, bytes);
    const seen = bytes.subarray(0, HEADER_BYTES);
    return {
      state: isPast(times, this.use.now()) ? 'stale' : 'fresh',
      entry: { value, times, tags, failure },
      seen,
    };
  }

  /** Whether the tags still have these versions; `null` when Redis could not be asked. */
  async #isValid(tags: TagVersions): Promise<boolean | null> {
    const names = Object.keys(tags);
    const versions = await this.use.guard.run(() => this.use.tags.read(names), null);
    return versions && names.every((name, index) => tags[name] === versions[index]);
  }

  #afterCorruptEntry(key: string, bytes: Buffer): Reading {
    this.#reportCorrupt('is not readable');
    void this.use.guard.run(() => this.use.entries.discard(key, bytes), 0);
    return { state: 'missing', seen: bytes.subarray(0, HEADER_BYTES) };
  }

  // Redis answers, yet this read failed: perhaps another program keeps a list or a hash under the key.
  async #afterFailedRead(key: string): Promise<Reading> {
    const { guard, entries } = this.use;
    const removed = guard.serving ? await guard.run(() => entries.discardForeign(key), 0) : 0;
    if (removed === 0) return UNAVAILABLE;
    this.#reportCorrupt('is no string');
    return NOTHING;
  }

  #reportCorrupt(what: string): void {
    this.use.counters.corrupt += 1;
    this.use.logger.warn(`A cache entry ${what}; it counts as a miss and is removed`);
  }
}

function keepNear(nearRead: NearRead, entry: DecodedEntry, bytes: number): void {
  const { value, times, tags, failure } = entry;
  // What does not say when it ends cannot be kept: it could outlive the entry unheard.
  if (times === null || failure) nearRead.end();
  else nearRead.keep(value, times, tags === undefined ? NO_TAGS : Object.keys(tags), bytes);
}

function isPast(times: EntryTimes | null, now: number): boolean {
  return times !== null && times.expiresAt <= now;
}
