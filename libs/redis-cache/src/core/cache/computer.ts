import { randomUUID } from 'node:crypto';
import { parseStored } from 'nestjs-redis-connection';
import type { Backend } from '../backend/backend.js';
import type { LeaseAttempt } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import { HEADER_BYTES, MAX_FAILURE_BYTES, type TagVersions } from '../entry/entry-envelope.js';
import { AbandonedError } from './flight.js';
import { type ComputationTicket, createTicket } from './computation-ticket.js';
import type { EntryReader, Found, Reading } from './entry-reader.js';
import { type Factory, readFailure, runFactory, writeFailure } from './factory.js';
import type { EventWatch } from './event-watch.js';
import { HolderWait, type WaitOutcome } from './holder-wait.js';
import { Lease } from './lease.js';
import { type Computed, OUTCOME_KEEP_MS, type ResultKeeper } from './result-keeper.js';
import type { Settings } from './settings.js';
import type { StreamSource } from './stream-source.js';
import type { PiecePublication, Publisher } from '../stream/publisher.js';
import type { Relay } from '../stream/relay.js';

/** A value to be computed. */
export interface Order {
  key: string;
  factory: Factory<unknown>;
  settings: Settings;
  /** What was stored under the key. */
  reading: Reading;
  /** When the operation began: what it does before the factory runs shares one deadline. */
  since: number;
  /** `false` once the key was invalidated in this process: the value goes to the waiters, not to the store. */
  isCurrent: () => boolean;
  /** Of a stream: notified of how its computation goes. */
  source?: StreamSource | undefined;
  /** Passes pieces on to the callers that want them. */
  relay: Relay;
}

type Tags = TagVersions | null | undefined;

export interface ComputerDependencies {
  backend: Backend;
  guard: Guard;
  reader: EntryReader;
  keeper: ResultKeeper;
  events: EventWatch;
  publisher: Publisher;
  maxValueBytes: number;
  now: () => number;
}

const FAILED = Symbol('failed');

/**
 * Computes a value, or waits for the process that does: at most one holds the lease of a key. Without Redis it
 * computes at once, because a computation in another process cannot be noticed.
 */
export class Computer {
  readonly #leases = new Map<string, Lease>();

  constructor(private readonly use: ComputerDependencies) {}

  /** The lease of a computation that runs in this process, by its token. */
  leaseOf(token: string): Lease | undefined {
    return this.#leases.get(token);
  }

  async compute(order: Order, signal: AbortSignal): Promise<Computed> {
    const { key, settings } = order;
    if (order.reading.state === 'unavailable' || !settings.writes) return this.#lead(order, null, signal);
    const token = randomUUID();
    let { seen }: { seen: Buffer | null } = order.reading;
    let { since } = order;
    for (;;) {
      const attempt = await this.#acquire(order, token, seen, since);
      if (attempt === FAILED) return this.#withoutLease(order, signal);
      if (attempt.state === 'acquired') {
        return this.#lead({ ...order, since }, this.#lease(order, token, seen), signal);
      }
      if (attempt.state === 'held' && !settings.crossProcess)
        return this.#withoutLease(unstored(order), signal);
      const outcome =
        attempt.state === 'held' ? await this.#await(order, attempt.holder, seen, signal) : attempt;
      // A wait for another computation takes as long as that does.
      since = this.use.guard.moment;
      if (outcome.state === 'unavailable') return this.#withoutLease(order, signal);
      if (outcome.state === 'collected') return { ...elsewhere(outcome.value), outdated: true };
      if (outcome.state === 'failed') throw readFailure(parseText(outcome.failure, MAX_FAILURE_BYTES));
      const { maxValueBytes } = this.use;
      const shared = outcome.state === 'value' ? parseText(outcome.json, maxValueBytes) : undefined;
      if (shared !== undefined) return elsewhere(shared);
      // Also after a damaged shared value: the next attempt computes it.
      if (outcome.state !== 'entry') continue;
      const reading = await this.use.reader.judge(key, outcome.bytes);
      // A value that was computed while we waited is taken, however short its TTL.
      if (reading.state === 'fresh' || (reading.state === 'stale' && attempt.state === 'held')) {
        return fromEntry(reading);
      }
      seen = outcome.bytes.subarray(0, HEADER_BYTES);
    }
  }

  // A refresh has a value to return already: it makes no call that other processes cannot notice.
  async #withoutLease(order: Order, signal: AbortSignal): Promise<Computed> {
    const { reading } = order;
    return reading.state === 'fresh'
      ? { ...fromEntry(reading), outdated: true }
      : this.#lead(order, null, signal);
  }

  #acquire(
    order: Order,
    token: string,
    seen: Buffer | null,
    since: number,
  ): Promise<LeaseAttempt | typeof FAILED> {
    const { leases } = this.use.backend;
    const { leaseMs, reads } = order.settings;
    const request = { seen, hasStale: this.#hasOther(order), force: !reads };
    const acquire = (): Promise<LeaseAttempt> => leases.acquire(order.key, token, leaseMs, request);
    return this.use.guard.run(acquire, FAILED, { since });
  }

  #lease({ key, settings }: Order, token: string, over: Buffer | null): Lease {
    return new Lease(this.use.backend, this.use.guard, { key, token, leaseMs: settings.leaseMs, over });
  }

  #await(
    { key, settings: { leaseMs }, relay }: Order,
    holder: string,
    seen: Buffer | null,
    signal: AbortSignal,
  ): Promise<WaitOutcome> {
    return new HolderWait(this.use, { key, leaseMs, seen, relay, signal }, holder).outcome();
  }

  async #lead(order: Order, lease: Lease | null, signal: AbortSignal): Promise<Computed> {
    const { keeper } = this.use;
    const { factory, settings, reading, source, relay } = order;
    if (lease !== null) this.#leases.set(lease.token, lease);
    const tags = await keeper.tagVersions(settings, order.since);
    relay.claim = { token: lease?.token ?? null, tags };
    const startedAt = performance.now();
    const stale =
      hasStale(order, this.use.now()) && reading.state === 'stale' ? reading.entry.value : undefined;
    try {
      // This interrupts readers of a former log, who may be the last callers.
      source?.begin(this.#publication(order, lease, tags));
      signal.throwIfAborted();
      const context = { signal, stale, ticket: this.#ticketOf(order, lease, tags) };
      const value = await runFactory(factory, context, settings.hardTimeoutMs);
      await source?.end();
      return await keeper.keep({ ...order, lease, tags, value, durationMs: performance.now() - startedAt });
    } catch (error) {
      const reason: unknown = signal.aborted ? signal.reason : error;
      await source?.fail(reason);
      if (lease !== null) await this.#fail(order, lease, tags, reason);
      throw error;
    } finally {
      if (lease !== null) this.#leases.delete(lease.token);
    }
  }

  // Readers in other processes compare the versions of the tags.
  #publication(order: Order, lease: Lease | null, tags: Tags): PiecePublication | undefined {
    if (lease === null || tags === null) return undefined;
    const { key, settings, relay } = order;
    const { leaseMs } = settings;
    const terms = { key, token: lease.token, leaseMs, tags, hold: () => relay.hold() };
    const publication = this.use.publisher.start(terms);
    if (publication) relay.queryBeforeAbandoning(() => publication.isWatched());
    return publication;
  }

  // Without the versions of its tags a ticket could not store anything.
  #ticketOf({ key, settings }: Order, lease: Lease | null, tags: Tags): ComputationTicket | null {
    if (lease === null || tags === null) return null;
    return createTicket(key, settings, { token: lease.token, tags }, this.use.now());
  }

  async #fail(order: Order, lease: Lease, tags: Tags, error: unknown): Promise<void> {
    const { settings } = order;
    if (error instanceof AbandonedError) {
      await lease.release();
    } else if (this.#hasOther(order)) {
      await lease.fail(writeFailure(error), settings.failureBackoffMs);
    } else if (!(await this.use.keeper.keepFailure({ settings, tags }, lease, error))) {
      await lease.fail(writeFailure(error), OUTCOME_KEEP_MS);
    }
  }

  /** Whether callers have another value, stale or within its TTL, which outlives a failure. */
  #hasOther(order: Order): boolean {
    return order.reading.state === 'fresh' || hasStale(order, this.use.now());
  }
}

/** Whether there is a value past its TTL that may still be served. */
export function hasStale({ reading, settings }: Pick<Order, 'reading' | 'settings'>, now: number): boolean {
  if (reading.state !== 'stale' || reading.entry.failure || reading.entry.times === null) return false;
  return now < reading.entry.times.expiresAt + settings.staleMs;
}

/** For a call that does not wait for the lease holder, and leaves storing to it. */
function unstored(order: Order): Order {
  return { ...order, settings: { ...order.settings, writes: false } };
}

/** The text that was left with a lease; `undefined` if it is damaged or beyond the limits of writing. */
function parseText(text: string, maxBytes: number): unknown {
  const stored = parseStored(text, maxBytes);
  return 'value' in stored ? stored.value : undefined;
}

function elsewhere(value: unknown): Computed {
  return { value, elsewhere: true, times: null, stored: false, outdated: false };
}

function fromEntry({ entry }: Found): Computed {
  if (entry.failure) throw readFailure(entry.value);
  return { value: entry.value, elsewhere: true, times: entry.times, stored: true, outdated: false };
}
