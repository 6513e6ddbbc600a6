import assert from 'node:assert/strict';
import type { Backend, LeaseRequest } from '../../core/backend/backend.js';
import type { QueueStore, ReleaseSettings, Reservation } from '../../core/backend/queue-store.js';
import { encodeEntry, type EntryTimes, HEADER_BYTES } from '../../core/entry/entry-envelope.js';

/** What a promise is checked on. */
export interface Subject {
  backend: Backend;
  /** Lets so many milliseconds pass for the backend. */
  passTime: (ms: number) => Promise<void>;
}

/** Checks by what they show. */
export type Promises = Readonly<Record<string, (subject: Subject) => Promise<void>>>;

/** Longer than any test takes. */
export const LONG_MS = 600_000;
/** May be over before the next call. */
export const SHORT_MS = 40;
/** Long enough to make a call within it, even on a busy machine. */
export const SOME_MS = 1_000;

/** Names that must be taken literally. */
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

/** An entry as the cache makes it. */
export function entryOf(value: unknown, createdAt = 1_700_000_000_000): Buffer {
  return encodeEntry(JSON.stringify(value), timesOf(createdAt));
}

/** A failure as the cache keeps it in place of a value. */
export function failureOf(message: string, createdAt = 1_700_000_000_000): Buffer {
  return encodeEntry(JSON.stringify({ message }), timesOf(createdAt), { failure: true });
}

function timesOf(createdAt: number): EntryTimes {
  return { createdAt, expiresAt: createdAt + LONG_MS, durationMs: 5 };
}

/** What the cache remembers of an entry that it has seen. */
export function headerOf(entry: Buffer): Buffer {
  return entry.subarray(0, HEADER_BYTES);
}

export function request(fields: Partial<LeaseRequest> = {}): LeaseRequest {
  return { seen: null, hasStale: false, force: false, ...fields };
}

export function assertBytes(actual: Buffer | null, expected: Buffer | null, message?: string): void {
  assert.equal(actual?.toString('hex'), expected?.toString('hex'), message);
}

/** Compares what stands in an object, bytes as texts; whose object it is does not matter. */
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

/** The answers to so many questions, all asked at the same time. */
export function atOnce<T>(count: number, ask: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
}

/** More than any test queues. */
export const ROOM = 10_000;
export const TERMS = { maxDeliveries: 3, maxDeadLetters: 100 };

/** What is said at a release, where it is not the usual. */
export function releaseSettings(terms: Partial<ReleaseSettings> = {}): ReleaseSettings {
  return { ...TERMS, delayMs: 0, counts: true, rejects: false, reason: '', ...terms };
}

/** Queues requests one by one. */
export async function pushAll(store: QueueStore, ...requests: string[]): Promise<void> {
  for (const one of requests) assert.equal(await store.push('queue', [one], ROOM), 1);
}

/** Takes one for good; `null` when there is none. */
export async function shiftOne(store: QueueStore, queue = 'queue'): Promise<string | null> {
  const taken = await store.shift(queue, 1, TERMS);
  return taken[0] ?? null;
}

/** Reserves one, which has to be there. */
export async function reserveOne(store: QueueStore, leaseMs = LONG_MS): Promise<Reservation> {
  const [reservation] = await store.reserve('queue', 1, leaseMs, TERMS);
  assert.ok(reservation, 'nothing was handed out');
  return reservation;
}
