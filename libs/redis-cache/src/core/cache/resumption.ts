import { randomUUID } from 'node:crypto';
import type { Backend } from '../backend/backend.js';
import { assertKey } from '../entry/arguments.js';
import type { TagVersions } from '../entry/entry-envelope.js';
import { deepFreeze } from '../util/json-value.js';
import type { Guard } from '../guard/guard.js';
import {
  RESUME_OPTIONS,
  type ResumeOptions,
  TICKET_OPTIONS,
  type TicketOptions,
} from '../options/get-or-set-options.js';
import { agesOf, type CacheResult, storedResult } from './cache-result.js';
import { checkedTicket, type ComputationTicket, createTicket, versionsIn } from './computation-ticket.js';
import type { EntryReader } from './entry-reader.js';
import { type Factory, runFactory, writeFailure } from './factory.js';
import { Lease } from './lease.js';
import { type Computed, OUTCOME_KEEP_MS, type ResultKeeper } from './result-keeper.js';
import { type CallDefaults, type Settings, settingsOf } from './settings.js';

export interface ResumptionDependencies {
  backend: Backend;
  guard: Guard;
  reader: EntryReader;
  keeper: ResultKeeper;
  /** The lease of a computation that runs in this process, by its token. */
  leaseOf: (token: string) => Lease | undefined;
  now: () => number;
  defaults: CallDefaults;
}

/** Work that is about to start, and the lease under which it runs. */
interface Claim {
  key: string;
  settings: Settings;
  lease: Lease | null;
  tags: TagVersions | null | undefined;
  /** Whether Redis was unavailable when the lease was requested. */
  bypass: boolean;
}

/** Work in progress; no longer `current` once its key was invalidated in this process. */
interface Work {
  readonly key: string;
  current: boolean;
}

const FAILED = Symbol('failed');

/** Does the work of a ticket, whose computation began in another process or has yet to begin, and stores its value. */
export class Resumption {
  readonly #inProgress = new Set<Work>();

  constructor(private readonly use: ResumptionDependencies) {}

  ticketFor(key: string, options: TicketOptions): ComputationTicket {
    assertKey(key, 'key');
    TICKET_OPTIONS.check(options);
    return createTicket(key, settingsOf(options, this.use.defaults), null, this.use.now());
  }

  async resume<T>(
    given: ComputationTicket,
    factory: Factory<T>,
    options: ResumeOptions,
  ): Promise<CacheResult<T>> {
    const ticket = checkedTicket(given);
    RESUME_OPTIONS.check(options);
    const settings = this.#settingsOf(ticket, options);
    const signal = options.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const work = { key: ticket.key, current: true };
    this.#inProgress.add(work);
    try {
      const claim = await this.#claim(ticket, settings);
      const found = await this.#storedSince(ticket, claim);
      if (found !== null) return found as CacheResult<T>;
      return this.#result(claim, await this.#compute<T>(claim, factory, signal, work));
    } finally {
      this.#inProgress.delete(work);
    }
  }

  /** Values of work that began before are not kept for an unavailable Redis. */
  forget(key: string): void {
    for (const work of this.#inProgress) if (work.key === key) work.current = false;
  }

  forgetAll(): void {
    for (const work of this.#inProgress) work.current = false;
  }

  #settingsOf({ leaseMs, ttlMs, staleMs, tags }: ComputationTicket, options: ResumeOptions): Settings {
    const settings = settingsOf(options, this.use.defaults);
    return { ...settings, leaseMs, ttlMs, staleMs, tags, reads: true, writes: true };
  }

  async #claim(ticket: ComputationTicket, settings: Settings): Promise<Claim> {
    const { backend, guard, keeper, leaseOf } = this.use;
    const { key, token, leaseMs } = ticket;
    const next = randomUUID();
    const since = guard.moment;
    const adoption = await guard.run(() => backend.leases.adopt(key, token, next, leaseMs), FAILED, {
      since,
    });
    const claim = { key, settings, lease: null, tags: versionsIn(ticket), bypass: adoption === FAILED };
    if (adoption === 'adopted') {
      const terms = { key, token: token!, leaseMs, adopted: { leader: leaseOf(token!) } };
      return { ...claim, lease: new Lease(backend, guard, terms) };
    }
    if (adoption === 'taken') {
      const lease = new Lease(backend, guard, { key, token: next, leaseMs });
      return { ...claim, lease, tags: await keeper.tagVersions(settings, since) };
    }
    return adoption === 'held' ? this.#beside(ticket, claim, since) : claim;
  }

  /**
   * Work beside the computation that holds the lease. Without a lease of its own, the holder may be waiting for this very
   * work, so it stores its value under the holder's lease, before later callers find neither the work nor its value.
   */
  async #beside({ key, token, leaseMs }: ComputationTicket, claim: Claim, since: number): Promise<Claim> {
    const { backend, guard, keeper, leaseOf } = this.use;
    const unstored = { ...claim, settings: { ...claim.settings, writes: false } };
    if (token !== null) return unstored;
    const outcome = await guard.run(() => backend.leases.peek(key, '', null), null, { since });
    if (outcome?.state !== 'held') return unstored;
    const { holder } = outcome;
    const lease = new Lease(backend, guard, {
      key,
      token: holder,
      leaseMs,
      adopted: { leader: leaseOf(holder) },
    });
    return { ...claim, lease, tags: await keeper.tagVersions(claim.settings, since) };
  }

  /**
   * The value that another computation has stored since the ticket was issued. Only for work without a lease of its own:
   * between the look-up of its issuer and its beginning, any caller may have computed the same.
   */
  async #storedSince(
    ticket: ComputationTicket,
    { lease, bypass }: Claim,
  ): Promise<CacheResult<unknown> | null> {
    if (ticket.token !== null || bypass) return null;
    const reading = await this.use.reader.read(ticket.key);
    if (reading.state !== 'fresh' || reading.entry.failure) return null;
    if ((reading.entry.times?.createdAt ?? 0) < ticket.issuedAt) return null;
    await lease?.release();
    return storedResult(ticket.key, reading, 'hit', this.use.now());
  }

  async #compute<T>(claim: Claim, factory: Factory<T>, signal: AbortSignal, work: Work): Promise<Computed> {
    const { lease, settings } = claim;
    const startedAt = performance.now();
    try {
      signal.throwIfAborted();
      const context = { signal, stale: undefined, ticket: this.#ticketOf(claim) };
      const value = await runFactory<unknown>(factory, context, settings.hardTimeoutMs);
      const durationMs = performance.now() - startedAt;
      return await this.use.keeper.keep({ ...claim, value, durationMs, isCurrent: () => work.current });
    } catch (error) {
      await (signal.aborted ? lease?.release() : lease?.fail(writeFailure(error), OUTCOME_KEEP_MS));
      throw error;
    }
  }

  #ticketOf({ key, settings, lease, tags }: Claim): ComputationTicket | null {
    if (lease === null || tags === null) return null;
    return createTicket(key, settings, { token: lease.token, tags }, this.use.now());
  }

  #result<T>({ key, bypass }: Claim, { value, times, stored }: Computed): CacheResult<T> {
    return {
      value: deepFreeze(value) as T,
      status: bypass ? 'bypass' : 'miss',
      source: 'factory',
      ...agesOf(times, this.use.now()),
      key,
      stored,
    };
  }
}
