import { randomUUID } from 'node:crypto';
import type { Backend } from '../backend/backend.js';
import type { ResumeOptions, TicketOptions } from '../options/get-or-set-options.js';
import type { Guard } from '../guard/guard.js';
import { assertKey } from '../entry/cache-key.js';
import type { TagVersions } from '../entry/entry-envelope.js';
import { agesOf } from './ages.js';
import type { CacheResult, Factory } from './cache-result.js';
import { checkedTicket, type ComputationTicket, makeTicket, versionsIn } from './computation-ticket.js';
import { deepFreeze } from '../entry/deep-freeze.js';
import { writeFailure } from './failure-text.js';
import { AdoptedLease, HeldLease } from './held-lease.js';
import { type Computed, OUTCOME_KEEP_MS, type ResultKeeper } from './result-keeper.js';
import { runFactory } from './run-factory.js';
import { type CallDefaults, type Settings, settingsOf } from './settings.js';

export interface ResumptionDependencies {
  backend: Backend;
  guard: Guard;
  keeper: ResultKeeper;
  /** The lease with such a token, if a computation of this process has it. */
  leaseOf: (token: string) => HeldLease | undefined;
  now: () => number;
  defaults: CallDefaults;
}

/** Work that is about to begin, and how it stands to the lease of its key. */
interface Claim {
  key: string;
  settings: Settings;
  lease: HeldLease | null;
  tags: TagVersions | null | undefined;
  /** Whether Redis could not be asked for the lease. */
  bypass: boolean;
}

/** Work under way; no longer `current` once its key was invalidated in this process. */
interface Work {
  readonly key: string;
  current: boolean;
}

const FAILED = Symbol('failed');

/** Does the work of a computation that began elsewhere, or was only announced, and stores its value. */
export class Resumption {
  readonly #underWay = new Set<Work>();

  constructor(private readonly use: ResumptionDependencies) {}

  ticketFor(key: string, options: TicketOptions): ComputationTicket {
    assertKey(key, 'key');
    return makeTicket(key, settingsOf(options, this.use.defaults), null, this.use.now());
  }

  async resume<T>(
    given: ComputationTicket,
    factory: Factory<T>,
    options: ResumeOptions,
  ): Promise<CacheResult<T>> {
    const ticket = checkedTicket(given);
    const settings = this.#settingsOf(ticket, options);
    const signal = options.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const work = { key: ticket.key, current: true };
    this.#underWay.add(work);
    try {
      const claim = await this.#claim(ticket, settings);
      return this.#result(claim, await this.#compute<T>(claim, factory, signal, work));
    } finally {
      this.#underWay.delete(work);
    }
  }

  /** What began before can no longer be kept for a Redis that is away. */
  forget(key: string): void {
    for (const work of this.#underWay) if (work.key === key) work.current = false;
  }

  forgetAll(): void {
    for (const work of this.#underWay) work.current = false;
  }

  #settingsOf(ticket: ComputationTicket, options: ResumeOptions): Settings {
    const { leaseMs, ttlMs, staleMs, tags } = ticket;
    return {
      ...settingsOf(options, this.use.defaults),
      leaseMs,
      ttlMs,
      staleMs,
      tags,
      reads: true,
      writes: true,
    };
  }

  async #claim(ticket: ComputationTicket, settings: Settings): Promise<Claim> {
    const { backend, guard, keeper } = this.use;
    const { key, token, leaseMs } = ticket;
    const next = randomUUID();
    const adoption = await guard.run(() => backend.leases.adopt(key, token, next, leaseMs), FAILED);
    const claim = { key, settings, lease: null, tags: versionsIn(ticket), bypass: adoption === FAILED };
    if (adoption === 'adopted') return { ...claim, lease: this.#adopted(ticket, token!) };
    if (adoption === 'taken') {
      const lease = new HeldLease(backend, guard, key, next, leaseMs);
      return { ...claim, lease, tags: await keeper.tagVersions(settings) };
    }
    // Who has the lease stores what it computes.
    return adoption === 'held' ? { ...claim, settings: { ...settings, writes: false } } : claim;
  }

  #adopted({ key, leaseMs }: ComputationTicket, token: string): HeldLease {
    const lease = new AdoptedLease(this.use.backend, this.use.guard, key, token, leaseMs);
    lease.origin = this.use.leaseOf(token);
    return lease;
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
    return makeTicket(key, settings, { token: lease.token, tags }, this.use.now());
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
