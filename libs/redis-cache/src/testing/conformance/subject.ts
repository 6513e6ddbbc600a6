import assert from 'node:assert/strict';
import type { Backend, LeaseRequest } from '../../core/backend/backend.js';
import type { QueueStore, ReleaseSettings, Reservation } from '../../core/backend/queue-store.js';
import { encodeEntry, type EntryTimes, HEADER_BYTES } from '../../core/entry/entry-envelope.js';

/** The backend that a promise is checked on. */
export interface Subject {
  backend: Backend;
  /** Lets `ms` milliseconds pass for the backend. */
  passTime: (ms: number) => Promise<void>;
}

/** Checks, each under the name of the promise that it verifies. */
export type Promises = Readonly<Record<string, (subject: Subject) => Promise<void>>>;

/** Longer than any test takes. */
export const LONG_MS = 600_000;
/** Short enough to wait for; may pass before the next call. */
export const SHORT_MS = 40;
/** Long enough for a call to finish within it, even on a busy machine. */
export const SOME_MS = 1_000;

/** Unusual names that must be taken literally. */
export const ODD_NAMES = [
  '}',
  '{',
  '{a}b',
  'a}:b{c',
  '__proto__',
  'constructor',
  ' ',
  '\n\0',
  'Grüße 👋',
  '*?[a]\\',
];

/** Returns an entry as the cache encodes it. */
export function entryOf(value: unknown, createdAt = 1_700_000_000_000): Buffer {
  return encodeEntry(JSON.stringify(value), timesOf(createdAt));
}

/** Returns a failure as the cache stores it in place of a value. */
export function failureOf(message: string, createdAt = 1_700_000_000_000): Buffer {
  return encodeEntry(JSON.stringify({ message }), timesOf(createdAt), { failure: true });
}

function timesOf(createdAt: number): EntryTimes {
  return { createdAt, expiresAt: createdAt + LONG_MS, durationMs: 5 };
}

/** Returns the header by which the cache recognizes an entry that it has seen. */
export function headerOf(entry: Buffer): Buffer {
  return entry.subarray(0, HEADER_BYTES);
}

export function request(fields: Partial<LeaseRequest> = {}): LeaseRequest {
  return { seen: null, hasStale: false, force: false, ...fields };
}

export function assertBytes(actual: Buffer | null, expected: Buffer | null, message?: string): void {
  assert.equal(actual?.toString('hex'), expected?.toString('hex'), message);
}

/** Asserts that two objects have equal fields, whatever their prototypes; bytes are compared as hexadecimal strings. */
export function assertState(actual: object, expected: object): void {
  assert.deepEqual(readable(actual), readable(expected));
}

function readable(value: object): object {
  const fields = Object.entries(value).map(([name, field]: [string, unknown]) => [
    name,
    Buffer.isBuffer(field) ? field.toString('hex') : field,
  ]);
  return Object.fromEntries(fields);
}

/** Makes `count` concurrent calls and returns their results in order. */
export function atOnce<T>(count: number, ask: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
}

/** Length limit of a queue; more than any test pushes. */
export const ROOM = 10_000;
export const TERMS = { maxDeliveries: 3, maxDeadLetters: 100 };

/** Returns release settings with the given fields changed. */
export function releaseSettings(terms: Partial<ReleaseSettings> = {}): ReleaseSettings {
  return { ...TERMS, delayMs: 0, counts: true, rejects: false, reason: '', ...terms };
}

/** Pushes requests one by one. */
export async function pushAll(store: QueueStore, ...requests: string[]): Promise<void> {
  for (const one of requests) assert.equal(await store.push('queue', [one], ROOM), 1);
}

/** Removes and returns the next request; `null` when there is none. */
export async function shiftOne(store: QueueStore, queue = 'queue'): Promise<string | null> {
  const taken = await store.shift(queue, 1, TERMS);
  return taken[0] ?? null;
}

/** Reserves the next request; fails if there is none. */
export async function reserveOne(store: QueueStore, leaseMs = LONG_MS): Promise<Reservation> {
  const [reservation] = await store.reserve('queue', 1, leaseMs, TERMS);
  assert.ok(reservation, 'no request was reserved');
  return reservation;
}
