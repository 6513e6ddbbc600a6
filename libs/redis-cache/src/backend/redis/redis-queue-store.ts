import type { RedisClient } from '../../connection/create-client.js';
import {
  type DeadLetter,
  type DeadLetterTerms,
  MAX_LEASE_MS,
  type QueueContents,
  type QueueStore,
  type Released,
  type ReleaseTerms,
  type Reservation,
} from '../queue-store.js';
import { Batches } from './batches.js';
import type { KeySpace } from './key-space.js';
import * as scripts from './queue-scripts.js';
import type { Script, ScriptArgument } from './script.js';

/** How often, at most, this process looks for ended leases where there are many; see `ALWAYS_SCANNED`. */
const SCAN_EVERY_MS = 100;
const ID = /^(\d{1,20}-\d{1,20}):(\d{1,15})$/;
const DEAD_ID = /^\d{1,20}-\d{1,20}$/;

/**
 * Queues in Redis: a Stream each, with one consumer group. What is asked for within one turn of the event
 * loop is sent as one command.
 */
export class RedisQueueStore implements QueueStore {
  // Never in parts: in a full queue, the second could find room after the first found none.
  readonly #pushes = new Batches<string, boolean, [string, number]>(
    (texts, queue, maxLength) => this.#push(texts, queue, maxLength),
    Infinity,
  );
  readonly #shifts = new Batches<null, string | null, [string, DeadLetterTerms]>((wanted, queue, terms) =>
    this.#shift(wanted.length, queue, terms),
  );
  readonly #reserves = new Batches<null, Reservation | null, [string, number, DeadLetterTerms]>(
    (wanted, queue, leaseMs, terms) => this.#reserve(wanted.length, queue, leaseMs, terms),
  );
  readonly #acknowledgements = new Batches<string, boolean, [string]>((ids, queue) =>
    this.#forHeld(scripts.ACKNOWLEDGE, queue, ids, []),
  );
  readonly #scannedAt = new Map<string, number>();

  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly channel: string,
  ) {}

  async push(queue: string, requests: readonly string[], maxLength: number): Promise<number> {
    const pushed = await this.#pushes.add(`${maxLength} ${queue}`, requests, [queue, maxLength]);
    return pushed.filter(Boolean).length;
  }

  async shift(queue: string, count: number, terms: DeadLetterTerms): Promise<string[]> {
    const group = `${terms.maxDeliveries} ${terms.maxDead} ${queue}`;
    return present(await this.#shifts.add(group, nulls(count), [queue, terms]));
  }

  async reserve(
    queue: string,
    count: number,
    leaseMs: number,
    terms: DeadLetterTerms,
  ): Promise<Reservation[]> {
    const group = `${leaseMs} ${terms.maxDeliveries} ${terms.maxDead} ${queue}`;
    return present(await this.#reserves.add(group, nulls(count), [queue, leaseMs, terms]));
  }

  acknowledge(queue: string, ids: readonly string[]): Promise<boolean[]> {
    return this.#acknowledgements.add(queue, ids, [queue]);
  }

  extend(queue: string, ids: readonly string[], leaseMs: number): Promise<boolean[]> {
    return this.#forHeld(scripts.EXTEND, queue, ids, [MAX_LEASE_MS - leaseMs]);
  }

  async release(queue: string, id: string, terms: ReleaseTerms): Promise<Released> {
    const parts = ID.exec(id);
    if (!parts) return 'lost';
    const idle = terms.delayMs > 0 ? MAX_LEASE_MS - Math.ceil(terms.delayMs) : '';
    const flags = [terms.counts, terms.rejects].map(Number);
    const { maxDeliveries, maxDead, reason } = terms;
    const args = [parts[1]!, parts[2]!, idle, ...flags, maxDeliveries, maxDead, reason, this.channel, queue];
    return (await this.#run(scripts.RELEASE, queue, ...args)) as Released;
  }

  async length(queue: string): Promise<number> {
    // A client of the user may answer numbers as texts (`stringNumbers`).
    return Number(await this.#run(scripts.LENGTH, queue));
  }

  async contents(queue: string): Promise<QueueContents> {
    const [waiting, reserved, dead, now, ...ids] = (await this.#run(scripts.CONTENTS, queue)) as string[];
    const oldest = Math.min(...ids.map(timeOf));
    return {
      waiting: Number(waiting),
      reserved: Number(reserved),
      dead: Number(dead),
      oldestAgeMs: ids.length === 0 ? null : Math.max(0, Number(now) - oldest),
    };
  }

  clear(queue: string): Promise<unknown> {
    return this.client.unlink(this.keys.queue(queue));
  }

  async listDead(queue: string, limit: number, after?: string): Promise<DeadLetter[]> {
    if (after !== undefined && !DEAD_ID.test(after)) return [];
    const start = after === undefined ? '-' : `(${after}`;
    const entries = await this.client.xrange(this.keys.dead(queue), start, '+', 'COUNT', limit);
    return entries.map(toDeadLetter);
  }

  async replayDead(queue: string, id: string, maxLength: number): Promise<boolean> {
    if (!DEAD_ID.test(id)) return false;
    return Number(await this.#run(scripts.REPLAY, queue, id, maxLength, this.channel, queue)) === 1;
  }

  clearDead(queue: string): Promise<unknown> {
    return this.client.unlink(this.keys.dead(queue));
  }

  async #push(texts: string[], queue: string, maxLength: number): Promise<boolean[]> {
    const keys = [this.keys.queue(queue)];
    const pushed = await scripts.PUSH.run(this.client, keys, maxLength, this.channel, queue, ...texts);
    return texts.map((_text, index) => index < Number(pushed));
  }

  async #shift(count: number, queue: string, terms: DeadLetterTerms): Promise<(string | null)[]> {
    const args = [count, terms.maxDeliveries, terms.maxDead, this.#scans(queue)];
    const texts = (await this.#run(scripts.SHIFT, queue, ...args)) as string[];
    return padded(texts, count);
  }

  async #reserve(
    count: number,
    queue: string,
    leaseMs: number,
    { maxDeliveries, maxDead }: DeadLetterTerms,
  ): Promise<(Reservation | null)[]> {
    const args = [count, maxDeliveries, maxDead, this.#scans(queue), MAX_LEASE_MS - leaseMs];
    return padded(toReservations((await this.#run(scripts.RESERVE, queue, ...args)) as string[]), count);
  }

  /** What a script answers for each id; an id that was never handed out is not held. */
  async #forHeld(
    script: Script,
    queue: string,
    ids: readonly string[],
    args: ScriptArgument[],
  ): Promise<boolean[]> {
    const parts = ids.map((id) => ID.exec(id));
    const known = parts.filter((part) => part !== null);
    if (known.length === 0) return ids.map(() => false);
    const pairs = known.flatMap((part) => [part[1]!, part[2]!]);
    const flags = String(await this.#run(script, queue, ...args, ...pairs));
    let at = 0;
    return parts.map((part) => part !== null && flags[at++] === '1');
  }

  /** `1` when it is time to look for ended leases. */
  #scans(queue: string): number {
    const now = performance.now();
    if (now - (this.#scannedAt.get(queue) ?? -SCAN_EVERY_MS) < SCAN_EVERY_MS) return 0;
    this.#scannedAt.set(queue, now);
    return 1;
  }

  #run(script: Script, queue: string, ...args: ScriptArgument[]): Promise<unknown> {
    return script.run(this.client, [this.keys.queue(queue), this.keys.dead(queue)], ...args);
  }
}

function toReservations(reply: string[]): Reservation[] {
  const reservations: Reservation[] = [];
  for (let at = 0; at < reply.length; at += 3) {
    const count = Number(reply[at + 1]);
    const id = `${reply[at]}:${count}`;
    reservations.push({ id, request: reply[at + 2]!, deliveries: count % scripts.EPOCH });
  }
  return reservations;
}

function toDeadLetter([id, fields]: [string, string[]]): DeadLetter {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  return {
    id,
    request: field(scripts.FIELD),
    deliveries: Number(field('deliveries')),
    reason: field('reason'),
    queuedAt: timeOf(field('queued')),
    diedAt: timeOf(id),
  };
}

/** The first part of a stream's id is the time at which it was made. */
function timeOf(streamId: string): number {
  return Number(streamId.split('-', 1)[0]);
}

function nulls(count: number): null[] {
  return Array.from({ length: count }, () => null);
}

function padded<T>(items: T[], count: number): (T | null)[] {
  return items.length === count ? items : Array.from({ length: count }, (_, index) => items[index] ?? null);
}

function present<T>(items: (T | null)[]): T[] {
  return items.filter((item) => item !== null);
}
