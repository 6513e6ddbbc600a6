import { randomUUID } from 'node:crypto';
import type { Backend, LeaseAttempt, LeaseOutcome } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import { HEADER_BYTES, parseBody, type TagVersions } from '../entry/entry-envelope.js';
import { AbandonedError } from './flight.js';
import type { Factory } from './cache-result.js';
import { type ComputationTicket, makeTicket } from './computation-ticket.js';
import type { EndWatch } from './end-watch.js';
import type { EntryReader, Found, Reading } from './entry-reader.js';
import { readFailure, writeFailure } from './failure-text.js';
import { HeldLease } from './held-lease.js';
import { type Computed, OUTCOME_KEEP_MS, type ResultKeeper } from './result-keeper.js';
import { runFactory } from './run-factory.js';
import type { Settings } from './settings.js';

/** A value to be computed. */
export interface Order {
  key: string;
  factory: Factory<unknown>;
  settings: Settings;
  /** What stood under the key. */
  reading: Reading;
  /** `false` once the key was invalidated here: the result is for those who wait, not for the store. */
  isCurrent: () => boolean;
}

type FailedOrder = Order & { tags: TagVersions | null | undefined };

export interface ComputerDependencies {
  backend: Backend;
  guard: Guard;
  reader: EntryReader;
  keeper: ResultKeeper;
  ends: EndWatch;
  now: () => number;
}

const FAILED = Symbol('failed');
/** Behind the notification, for when it is lost: each look costs a round trip, so with jitter. */
const MIN_POLL_MS = 50;
const MAX_POLL_MS = 150;

/**
 * Computes a value, or waits for the process that does: at most one holds the lease of a key. Without
 * Redis it computes here and now; nobody waits for what cannot be heard.
 */
export class Computer {
  readonly #held = new Map<string, HeldLease>();

  constructor(private readonly use: ComputerDependencies) {}

  /** The lease of a computation that this process has begun and not ended. */
  leaseOf(token: string): HeldLease | undefined {
    return this.#held.get(token);
  }

  async compute(order: Order, signal: AbortSignal): Promise<Computed> {
    const { key, settings } = order;
    if (order.reading.state === 'unavailable' || !settings.writes) return this.#lead(order, null, signal);
    const token = randomUUID();
    let { seen }: { seen: Buffer | null } = order.reading;
    for (;;) {
      const attempt = await this.#acquire(order, token, seen);
      if (attempt === FAILED) return this.#withoutLease(order, signal);
      if (attempt.state === 'acquired') return this.#lead(order, this.#lease(order, token, seen), signal);
      if (attempt.state === 'held' && !settings.crossProcess)
        return this.#withoutLease(unstored(order), signal);
      const outcome =
        attempt.state === 'held' ? await this.#await(key, attempt.holder, seen, signal) : attempt;
      if (outcome === FAILED) return this.#withoutLease(order, signal);
      if (outcome.state === 'failed') throw readFailure(parseText(outcome.failure));
      const shared = outcome.state === 'value' ? parseText(outcome.json) : undefined;
      if (shared !== undefined) return elsewhere(shared);
      // Also when the text of a value is damaged: it is computed anew.
      if (outcome.state !== 'entry') continue;
      const reading = await this.use.reader.judge(key, outcome.bytes);
      // What was computed while we waited is our answer, however short its TTL.
      if (reading.state === 'fresh' || (reading.state === 'stale' && attempt.state === 'held')) {
        return fromEntry(reading);
      }
      seen = outcome.bytes.subarray(0, HEADER_BYTES);
    }
  }

  // A value that is only to be refreshed is there: nobody needs a call that other processes do not know of.
  async #withoutLease(order: Order, signal: AbortSignal): Promise<Computed> {
    const { reading } = order;
    return reading.state === 'fresh'
      ? { ...fromEntry(reading), outdated: true }
      : this.#lead(order, null, signal);
  }

  #acquire(order: Order, token: string, seen: Buffer | null): Promise<LeaseAttempt | typeof FAILED> {
    const { leases } = this.use.backend;
    const { leaseMs, reads } = order.settings;
    const request = { seen, hasStale: this.#hasOther(order), force: !reads };
    return this.use.guard.run(() => leases.acquire(order.key, token, leaseMs, request), FAILED);
  }

  #lease({ key, settings }: Order, token: string, seen: Buffer | null): HeldLease {
    return new HeldLease(this.use.backend, this.use.guard, key, token, settings.leaseMs, seen);
  }

  async #await(
    key: string,
    firstHolder: string,
    seen: Buffer | null,
    signal: AbortSignal,
  ): Promise<Exclude<LeaseOutcome, { state: 'held' }> | typeof FAILED> {
    let holder = firstHolder;
    for (;;) {
      const pollMs = MIN_POLL_MS + (MAX_POLL_MS - MIN_POLL_MS) * Math.random();
      await this.use.ends.next(key, pollMs, signal);
      signal.throwIfAborted();
      const { leases } = this.use.backend;
      const asked = holder;
      const outcome = await this.use.guard.run(() => leases.peek(key, asked, seen), FAILED);
      if (outcome === FAILED || outcome.state !== 'held') return outcome;
      holder = outcome.holder;
    }
  }

  async #lead(order: Order, lease: HeldLease | null, signal: AbortSignal): Promise<Computed> {
    const { keeper } = this.use;
    const { factory, settings, reading } = order;
    if (lease !== null) this.#held.set(lease.token, lease);
    const tags = await keeper.tagVersions(settings);
    const startedAt = performance.now();
    const stale =
      hasStale(order, this.use.now()) && reading.state === 'stale' ? reading.entry.value : undefined;
    try {
      signal.throwIfAborted();
      const context = { signal, stale, ticket: this.#ticketOf(order, lease, tags) };
      const value = await runFactory(factory, context, settings.hardTimeoutMs);
      return await keeper.keep({ ...order, lease, tags, value, durationMs: performance.now() - startedAt });
    } catch (error) {
      await this.#fail({ ...order, tags }, lease, signal.aborted ? signal.reason : error);
      throw error;
    } finally {
      if (lease !== null) this.#held.delete(lease.token);
    }
  }

  // Without the versions of its tags nothing could be stored by it.
  #ticketOf(
    { key, settings }: Order,
    lease: HeldLease | null,
    tags: FailedOrder['tags'],
  ): ComputationTicket | null {
    if (lease === null || tags === null) return null;
    return makeTicket(key, settings, { token: lease.token, tags }, this.use.now());
  }

  async #fail(order: FailedOrder, lease: HeldLease | null, error: unknown): Promise<void> {
    if (lease === null) return;
    const { settings } = order;
    if (error instanceof AbandonedError) {
      await lease.release();
    } else if (this.#hasOther(order)) {
      await lease.fail(writeFailure(error), settings.failureBackoffMs);
    } else if (!(await this.use.keeper.keepFailure(order, lease, error))) {
      await lease.fail(writeFailure(error), OUTCOME_KEEP_MS);
    }
  }

  /** Whether callers have another value, stale or still within its TTL: it outlives a failure. */
  #hasOther(order: Order): boolean {
    return order.reading.state === 'fresh' || hasStale(order, this.use.now());
  }
}

/** Whether there is a value past its TTL that may still be served. */
export function hasStale({ reading, settings }: Pick<Order, 'reading' | 'settings'>, now: number): boolean {
  if (reading.state !== 'stale' || reading.entry.failure || reading.entry.times === null) return false;
  return now < reading.entry.times.expiresAt + settings.staleMs;
}

/** The order of one who does not wait for the holder of the lease: storing is the holder's business. */
function unstored(order: Order): Order {
  return { ...order, settings: { ...order.settings, writes: false } };
}

/** What was left with a lease; `undefined` when the text is damaged. */
function parseText(text: string): unknown {
  return parseBody(Buffer.from(text));
}

function elsewhere(value: unknown): Computed {
  return { value, elsewhere: true, times: null, stored: false, outdated: false };
}

function fromEntry({ entry }: Found): Computed {
  if (entry.failure) throw readFailure(entry.value);
  return { value: entry.value, elsewhere: true, times: entry.times, stored: true, outdated: false };
}
