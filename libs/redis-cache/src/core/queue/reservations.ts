import { backOffMs } from 'nestjs-redis-connection';
import type { ReleaseResult, Reservation } from '../backend/queue-store.js';
import type { QueueContext } from './queue-core.js';
import { decodeRequest } from './request-codec.js';

/** A request that is reserved for one consumer until its lease ends. */
export interface ReservedRequest<T = unknown> {
  /** Identifies this delivery. It has no effect once the request was delivered again. */
  id: string;
  data: T;
  /** How often the request was delivered so far, including this time; 1 for the first. */
  deliveries: number;
}

/** How a reserved request goes back to the queue. */
export interface ReleaseDetails {
  /** How long the request stays unavailable, in milliseconds. Default 0. */
  delayMs?: number;
  /** Whether this delivery counts towards `maxDeliveries`. Default `true`. */
  counts?: boolean;
  /** Whether the request becomes a dead letter at once. Default `false`. */
  rejects?: boolean;
  /** Stored with the dead letter. Default ''. */
  reason?: string;
}

const NONE: Reservation[] = [];
const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;

/** Reserves requests of one queue, and ends reservations. In results, `null` means: Redis has not confirmed it. */
export class Reservations {
  /** Ids of requests that were reserved, but whose reply came after the deadline. */
  readonly #orphans = new Set<string>();
  #isReleasingOrphans = false;

  constructor(private readonly context: QueueContext) {}

  /** Unreadable requests become dead letters, so that an empty result always means that none was available. */
  async reserve<T>(count: number, leaseMs: number): Promise<ReservedRequest<T>[]> {
    const since = this.context.guard.moment;
    for (;;) {
      const reserved = await this.#next(count, leaseMs, since);
      const readable: ReservedRequest<T>[] = [];
      for (const one of reserved) this.#decode(one, readable);
      if (reserved.length > 0) this.context.evictions.noteUse();
      this.context.counters.reserved += readable.length;
      if (readable.length > 0 || reserved.length === 0) return readable;
    }
  }

  async acknowledge(ids: readonly string[]): Promise<(boolean | null)[]> {
    const { guard, store, name, counters } = this.context;
    const removed = await guard.run(() => store.acknowledge(name, ids), null);
    if (removed === null) return ids.map(() => null);
    for (const one of removed) if (one) counters.acknowledged += 1;
    return removed;
  }

  async extend(ids: readonly string[], leaseMs: number): Promise<(boolean | null)[]> {
    const { guard, store, name } = this.context;
    const extended = await guard.run(() => store.extend(name, ids, leaseMs), null);
    return extended ?? ids.map(() => null);
  }

  async release(id: string, details: ReleaseDetails = {}): Promise<ReleaseResult | null> {
    const { guard, store, name, counters, maxDeliveries, maxDeadLetters } = this.context;
    const { delayMs = 0, counts = true, rejects = false, reason = '' } = details;
    const settings = { delayMs, counts, rejects, reason, maxDeliveries, maxDeadLetters };
    const result = await guard.run(() => store.release(name, id, settings), null);
    if (result === 'released') counters.released += 1;
    if (result === 'dead') {
      counters.dead += 1;
      guard.states.publish('dead-letter', { queue: name });
    }
    return result;
  }

  #next(count: number, leaseMs: number, since: number): Promise<Reservation[]> {
    const { guard, store, name } = this.context;
    const reserve = (): Promise<Reservation[]> => store.reserve(name, count, leaseMs, this.context);
    // After the deadline nobody waits for these any more: they go back, and the delivery does not count.
    const onLate = (late: Reservation[]): void => {
      for (const { id } of late) this.#orphans.add(id);
      void this.#releaseOrphans();
    };
    return guard.run<Reservation[], Reservation[]>(reserve, NONE, { since, onLate });
  }

  /** Retries until Redis confirms: when a late reply comes, the breaker is usually still open. */
  async #releaseOrphans(): Promise<void> {
    if (this.#isReleasingOrphans) return;
    this.#isReleasingOrphans = true;
    for (let attempt = 1; this.#orphans.size > 0; attempt += 1) {
      await Promise.all([...this.#orphans].map((id) => this.#releaseOrphan(id)));
      if (this.context.guard.status.phase === 'closed') break;
      if (this.#orphans.size > 0) await unrefDelay(backOffMs(attempt, MIN_RETRY_MS, MAX_RETRY_MS));
    }
    this.#isReleasingOrphans = false;
  }

  async #releaseOrphan(id: string): Promise<void> {
    if ((await this.release(id, { counts: false })) !== null) this.#orphans.delete(id);
  }

  #decode<T>({ id, request, deliveries }: Reservation, into: ReservedRequest<T>[]): void {
    const decoded = decodeRequest(request, this.context);
    if ('value' in decoded) return void into.push({ id, data: decoded.value as T, deliveries });
    const { problem } = decoded;
    this.context.counters.corrupt += 1;
    this.context.logger.warn(`A queued request ${problem}; it is now a dead letter`);
    void this.release(id, { rejects: true, reason: `it ${problem}` });
  }
}

/** Keeps no process alive: an orphan also comes back when its lease ends. */
function unrefDelay(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
