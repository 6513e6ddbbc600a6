import type { Released, Reservation } from '../backend/queue-store.js';
import type { QueueParts } from './queue-parts.js';
import { backOffMs } from '../util/back-off.js';
import { requestIn } from './request-codec.js';

/** A request that was handed out for a time. */
export interface ReservedRequest<T = unknown> {
  /** Names this delivery. Once the request was handed out again, it has no effect any more. */
  id: string;
  data: T;
  /** How often the request was handed out so far, this time included; 1 for the first time. */
  deliveries: number;
}

/** How a request is given back; what is not said is 0, `true`, `false` and ''. */
export interface GiveBack {
  delayMs?: number;
  counts?: boolean;
  rejects?: boolean;
  reason?: string;
}

const NOTHING: Reservation[] = [];
/** How often Redis is told, while it is away, what goes back, in milliseconds. */
const RETRY_MS = 50;
const MAX_RETRY_MS = 1_000;
const UNREADABLE = { rejects: true, reason: 'not readable as JSON' };

/** The way out of a queue on trial. In answers, `null` stands for: Redis has not told. */
export class Reservations {
  /** Ids of what was handed out to nobody. */
  readonly #strays = new Set<string>();
  #givesBack = false;

  constructor(private readonly parts: QueueParts) {}

  /** Unreadable requests become dead letters, so that no answer always means that nothing could be had. */
  async reserve<T>(count: number, leaseMs: number): Promise<ReservedRequest<T>[]> {
    for (;;) {
      const found = await this.#next(count, leaseMs);
      const readable: ReservedRequest<T>[] = [];
      for (const one of found) this.#read(one, readable);
      this.parts.counters.reserved += readable.length;
      if (readable.length > 0 || found.length === 0) return readable;
    }
  }

  async acknowledge(ids: readonly string[]): Promise<(boolean | null)[]> {
    const { guard, store, name, counters } = this.parts;
    const done = await guard.run(() => store.acknowledge(name, ids), null);
    if (done === null) return ids.map(() => null);
    for (const one of done) if (one) counters.acknowledged += 1;
    return done;
  }

  async extend(ids: readonly string[], leaseMs: number): Promise<(boolean | null)[]> {
    const { guard, store, name } = this.parts;
    const done = await guard.run(() => store.extend(name, ids, leaseMs), null);
    return done ?? ids.map(() => null);
  }

  async release(id: string, how: GiveBack = {}): Promise<Released | null> {
    const { guard, store, name, counters, maxDeliveries, maxDeadLetters } = this.parts;
    const { delayMs = 0, counts = true, rejects = false, reason = '' } = how;
    const terms = { delayMs, counts, rejects, reason, maxDeliveries, maxDeadLetters };
    const released = await guard.run(() => store.release(name, id, terms), null);
    if (released === 'released') counters.released += 1;
    if (released === 'dead') counters.dead += 1;
    return released;
  }

  // A reply after the deadline: nobody works on these, so they go back, as if they had not been handed out.
  #next(count: number, leaseMs: number): Promise<Reservation[]> {
    const { guard, store, name } = this.parts;
    const reserve = (): Promise<Reservation[]> => store.reserve(name, count, leaseMs, this.parts);
    return guard.run<Reservation[], Reservation[]>(reserve, NOTHING, (late) => {
      for (const { id } of late) this.#strays.add(id);
      void this.#giveBackStrays();
    });
  }

  /** Until Redis has heard: when a late reply comes, nothing else reaches it yet. */
  async #giveBackStrays(): Promise<void> {
    if (this.#givesBack) return;
    this.#givesBack = true;
    for (let attempt = 1; this.#strays.size > 0; attempt += 1) {
      await Promise.all([...this.#strays].map((id) => this.#giveBack(id)));
      if (this.parts.guard.status.phase === 'closed') break;
      if (this.#strays.size > 0) await pause(backOffMs(attempt, RETRY_MS, MAX_RETRY_MS));
    }
    this.#givesBack = false;
  }

  async #giveBack(id: string): Promise<void> {
    if ((await this.release(id, { counts: false })) !== null) this.#strays.delete(id);
  }

  #read<T>({ id, request, deliveries }: Reservation, into: ReservedRequest<T>[]): void {
    const data = requestIn<T>(request);
    if (data !== undefined) return void into.push({ id, data, deliveries });
    this.parts.counters.corrupt += 1;
    this.parts.logger.warn('A queued request is not readable; it is a dead letter now');
    void this.release(id, UNREADABLE);
  }
}

/** Keeps no process alive: what it would have given back comes back when its lease is over. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, ms).unref());
}
