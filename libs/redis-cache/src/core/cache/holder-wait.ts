import type { Backend, LeaseOutcome } from '../backend/backend.js';
import type { Guard } from '../guard/guard.js';
import type { Relay } from '../stream/relay.js';
import type { EventWatch, KeyWatch } from './event-watch.js';
import { LogFollower } from './log-follower.js';

export interface HolderWaitDependencies {
  backend: Backend;
  guard: Guard;
  events: EventWatch;
  maxValueBytes: number;
}

export interface WaitTerms {
  key: string;
  leaseMs: number;
  /** Header of the entry that the caller has read; `null` without one. */
  seen: Buffer | null;
  relay: Relay;
  signal: AbortSignal;
}

/** How a wait for another holder's computation ended. */
export type WaitOutcome =
  | Exclude<LeaseOutcome, { state: 'held' }>
  /** All its pieces have been read, but no value was stored: `value` is what they collect to. */
  | { state: 'collected'; value: unknown }
  /** Redis could not be queried. */
  | { state: 'unavailable' };

/** Between polls, behind the notification, in case that is lost. Each costs a round trip, hence the jitter. */
export const MIN_POLL_MS = 50;
export const MAX_POLL_MS = 150;
/**
 * After this time, while the end of a computation is announced, polls become as rare as the wait is long, so that a lost
 * notification delays a waiter by at most 15 % of its wait.
 */
export const STRETCH_AFTER_MS = 1_000;
/** Pauses grow at most to this many times, and to the time of a lease, in which a dead leader is noticed. */
export const MAX_STRETCH = 5;
/** At least this time between the starts of two reads of a log. */
const READ_PACE_MS = 10;
/** How long the value of a complete log is waited for: its leader may have died before it stored it. */
const COMPLETE_WAIT_MS = 1_000;
const FAILED = Symbol('failed');
const UNAVAILABLE: WaitOutcome = { state: 'unavailable' };

/**
 * Waits for the computation of another holder. While some caller in this process wants pieces, it reads those of the
 * holder as they come; the log shows that the holder is alive. Otherwise it looks at the lease.
 */
export class HolderWait {
  readonly #watch: KeyWatch;
  #follower: LogFollower | undefined;
  #completeSince: number | undefined;
  #lastGoodRead = performance.now();
  #readNotBefore = 0;
  readonly #startedAt = performance.now();

  constructor(
    private readonly use: HolderWaitDependencies,
    private readonly terms: WaitTerms,
    private holder: string,
  ) {
    this.#watch = use.events.watch(terms.key);
    terms.relay.onWanted(() => this.#watch.wake());
    this.#follow(holder);
  }

  async outcome(): Promise<WaitOutcome> {
    try {
      for (;;) {
        const outcome = await this.#step();
        if (outcome !== undefined) return outcome;
        this.terms.signal.throwIfAborted();
      }
    } finally {
      this.#watch.close();
      this.terms.relay.onWanted(() => {});
    }
  }

  /** `undefined` when the computation goes on. */
  async #step(): Promise<WaitOutcome | undefined> {
    const follower = this.#wantedFollower;
    if (follower === undefined) {
      await this.#pause(this.#stretch);
      this.terms.signal.throwIfAborted();
      // A caller that wants pieces may have come.
      return this.#wantedFollower === undefined ? this.#peek() : undefined;
    }
    const outcome = await this.#read(follower);
    this.terms.signal.throwIfAborted();
    return outcome;
  }

  get #wantedFollower(): LogFollower | undefined {
    const isWanted = this.terms.relay.isWanted;
    this.#watch.wantsPieces = isWanted;
    return isWanted ? this.#follower : undefined;
  }

  async #read(follower: LogFollower): Promise<WaitOutcome | undefined> {
    const waitMs = this.#readNotBefore - performance.now();
    if (waitMs > 0) await delay(waitMs);
    this.#readNotBefore = performance.now() + READ_PACE_MS;
    const reading = await follower.read();
    if (reading.state === 'unavailable') return this.#afterFailedRead(follower);
    this.#lastGoodRead = performance.now();
    switch (reading.state) {
      case 'behind':
        return undefined;
      case 'live':
        await this.#pause();
        return undefined;
      case 'absent':
        return (await this.#peek()) ?? this.#pause();
      case 'failed':
        return reading;
      case 'ended':
        this.#completeSince = performance.now();
        this.#follower = undefined;
        return this.#peek();
      default:
        this.#follower = undefined;
        follower.log?.interrupt();
        return undefined;
    }
  }

  /** Pieces that were handed out can be followed only by those of the same log, which may be back soon. */
  async #afterFailedRead({ log }: LogFollower): Promise<WaitOutcome | undefined> {
    const isOver = performance.now() - this.#lastGoodRead > this.terms.leaseMs;
    if (!log?.hasReaders || isOver) {
      log?.interrupt();
      return UNAVAILABLE;
    }
    await this.#pause();
    return undefined;
  }

  async #peek(): Promise<WaitOutcome | undefined> {
    const { key, seen } = this.terms;
    const { leases } = this.use.backend;
    const { holder } = this;
    const outcome = await this.use.guard.run(() => leases.peek(key, holder, seen), FAILED);
    if (outcome === FAILED) return this.#collected() ?? UNAVAILABLE;
    if (outcome.state === 'gone') return this.#collected() ?? outcome;
    if (outcome.state !== 'held') return outcome;
    const isOver =
      this.#completeSince !== undefined && performance.now() - this.#completeSince > COMPLETE_WAIT_MS;
    if (outcome.holder !== holder || isOver) {
      const collected = this.#collected();
      if (collected !== undefined) return collected;
    }
    if (outcome.holder !== holder) this.#follow(outcome.holder);
    return undefined;
  }

  #follow(holder: string): void {
    const { key, leaseMs, relay } = this.terms;
    this.holder = holder;
    relay.claim = { token: holder, tags: undefined };
    this.#follower = new LogFollower(this.use, { key, token: holder, watchMs: leaseMs, relay });
  }

  /** The value of a complete log; its leader has not stored one. */
  #collected(): WaitOutcome | undefined {
    const { log, collect } = this.terms.relay;
    if (this.#completeSince === undefined || collect === undefined || log?.state !== 'ended')
      return undefined;
    return { state: 'collected', value: collect(log.pieces as readonly never[]) };
  }

  /** How many times longer than at first the pause before the next look at the lease is. */
  get #stretch(): number {
    if (!this.use.events.isUp || this.#completeSince !== undefined) return 1;
    const waitedMs = performance.now() - this.#startedAt;
    const longest = Math.min(MAX_STRETCH, this.terms.leaseMs / STRETCH_AFTER_MS);
    return Math.max(1, Math.min(waitedMs / STRETCH_AFTER_MS, longest));
  }

  async #pause(stretch = 1): Promise<undefined> {
    const pollMs = MIN_POLL_MS + (MAX_POLL_MS - MIN_POLL_MS) * Math.random();
    await this.#watch.next(stretch * pollMs, this.terms.signal);
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
