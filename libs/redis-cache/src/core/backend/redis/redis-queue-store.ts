import type { RedisClient, Script, ScriptArgument } from 'nestjs-redis-connection';
import {
  type StoredDeadLetter,
  type DeadLetterPolicy,
  MAX_LEASE_MS,
  type QueueContents,
  type QueueStore,
  type ReleaseResult,
  type ReplayResult,
  type ReleaseSettings,
  type Reservation,
} from '../queue-store.js';
import { Batches } from './batches.js';
import type { KeySpace } from './key-space.js';
import { EPOCH, FIELD, GROUP, LEASED } from './queue-lua.js';
import { QueueOutlook } from './queue-outlook.js';
import * as scripts from './queue-scripts.js';

/** So many new requests cost more on their way through a script than it costs to ask first whether it is needed. */
const WORTH_ASKING = 32;
/** A delivery: entry and count, see `queue-lua.ts`. */
const ID = /^(\d{1,20}-\d{1,20})(?::(\d{1,15}))?$/;
const DEAD_ID = /^\d{1,20}-\d{1,20}$/;
/** By what the script answers. */
const REPLAYED: readonly ReplayResult[] = ['unknown', 'replayed', 'full'];

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
  readonly #shifts = new Batches<null, string | null, [string, DeadLetterPolicy]>((wanted, queue, terms) =>
    this.#shift(wanted.length, queue, terms),
  );
  readonly #reserves = new Batches<null, Reservation | null, [string, number, DeadLetterPolicy]>(
    (wanted, queue, leaseMs, terms) => this.#reserve(wanted.length, queue, leaseMs, terms),
  );
  readonly #acknowledgements = new Batches<string, boolean, [string]>((ids, queue) =>
    this.#acknowledge(ids, queue),
  );
  readonly #outlooks = new Map<string, QueueOutlook>();

  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly channel: string,
  ) {}

  async push(queue: string, requests: readonly string[], maxLength: number): Promise<number> {
    const pushed = await this.#pushes.add(`${maxLength} ${queue}`, requests, [queue, maxLength]);
    return pushed.filter(Boolean).length;
  }

  async shift(queue: string, count: number, terms: DeadLetterPolicy): Promise<string[]> {
    const group = `${terms.maxDeliveries} ${terms.maxDeadLetters} ${queue}`;
    return present(await this.#shifts.add(group, nulls(count), [queue, terms]));
  }

  async reserve(
    queue: string,
    count: number,
    leaseMs: number,
    terms: DeadLetterPolicy,
  ): Promise<Reservation[]> {
    const group = `${leaseMs} ${terms.maxDeliveries} ${terms.maxDeadLetters} ${queue}`;
    return present(await this.#reserves.add(group, nulls(count), [queue, leaseMs, terms]));
  }

  acknowledge(queue: string, ids: readonly string[]): Promise<boolean[]> {
    return this.#acknowledgements.add(queue, ids, [queue]);
  }

  extend(queue: string, ids: readonly string[], leaseMs: number): Promise<boolean[]> {
    // It may end before what is known of the queue is forgotten.
    this.#outlook(queue).expectsReturn();
    return this.#forHeld(scripts.EXTEND, queue, ids, [MAX_LEASE_MS - leaseMs]);
  }

  async release(queue: string, id: string, terms: ReleaseSettings): Promise<ReleaseResult> {
    const parts = ID.exec(id);
    if (!parts) return 'lost';
    this.#outlook(queue).expectsReturn();
    const idle = terms.delayMs > 0 ? MAX_LEASE_MS - Math.ceil(terms.delayMs) : '';
    const flags = [terms.counts, terms.rejects].map(Number);
    const { maxDeliveries, maxDeadLetters, reason } = terms;
    const args = [
      parts[1]!,
      parts[2] ?? '1',
      idle,
      ...flags,
      maxDeliveries,
      maxDeadLetters,
      reason,
      this.channel,
      queue,
    ];
    return (await this.#run(scripts.RELEASE, queue, ...args)) as ReleaseResult;
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

  async listDeadLetters(queue: string, limit: number, after?: string): Promise<StoredDeadLetter[]> {
    if (after !== undefined && !DEAD_ID.test(after)) return [];
    const start = after === undefined ? '-' : `(${after}`;
    const entries = await this.client.xrange(this.keys.dead(queue), start, '+', 'COUNT', limit);
    return entries.map(toStoredDeadLetter);
  }

  async replayDeadLetter(queue: string, id: string, maxLength: number): Promise<ReplayResult> {
    if (!DEAD_ID.test(id)) return 'unknown';
    return REPLAYED[Number(await this.#run(scripts.REPLAY, queue, id, maxLength, this.channel, queue))]!;
  }

  clearDeadLetters(queue: string): Promise<unknown> {
    return this.client.unlink(this.keys.dead(queue));
  }

  async #push(texts: readonly string[], queue: string, maxLength: number): Promise<boolean[]> {
    const keys = [this.keys.queue(queue)];
    const pushed = await scripts.PUSH.run(this.client, keys, maxLength, this.channel, queue, ...texts);
    return texts.map((_text, index) => index < Number(pushed));
  }

  async #shift(count: number, queue: string, terms: DeadLetterPolicy): Promise<(string | null)[]> {
    const args = [count, terms.maxDeliveries, terms.maxDeadLetters, this.#outlook(queue).scans()];
    const texts = (await this.#run(scripts.SHIFT, queue, ...args)) as string[];
    return padded(texts, count);
  }

  async #reserve(
    count: number,
    queue: string,
    leaseMs: number,
    terms: DeadLetterPolicy,
  ): Promise<(Reservation | null)[]> {
    const outlook = this.#outlook(queue);
    const holder = outlook.holderFor(leaseMs);
    const scans = outlook.scans();
    const plain = holder !== LEASED && (await this.#allIsNew(queue, count, scans));
    const reserved = plain ? await this.#read(queue, count, holder) : null;
    if (reserved !== null) return padded(reserved, count);
    const args = [count, terms.maxDeliveries, terms.maxDeadLetters, scans, MAX_LEASE_MS - leaseMs, holder];
    return padded(toReservations((await this.#run(scripts.RESERVE, queue, ...args)) as string[]), count);
  }

  /** Whether nothing has come back, if that is worth knowing. */
  async #allIsNew(queue: string, count: number, scans: number): Promise<boolean> {
    const outlook = this.#outlook(queue);
    if (scans === 0 && outlook.clear) return true;
    if (count < WORTH_ASKING) return false;
    const isClear = outlook.asks();
    const clear = Number(await this.#run(scripts.LOOK, queue, scans)) === 1;
    if (clear) isClear(false);
    return clear;
  }

  /** Hands out new requests, past any script; `null` where a script has to make the group. */
  async #read(queue: string, count: number, holder: string): Promise<Reservation[] | null> {
    const key = this.keys.queue(queue);
    try {
      // Bytes: only what is used becomes a text.
      const reply = await this.client.xreadgroupBuffer(
        'GROUP',
        GROUP,
        holder,
        'COUNT',
        count,
        'STREAMS',
        key,
        '>',
      );
      return entriesIn(reply).map(toFirstDelivery);
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOGROUP')) return null;
      throw error;
    }
  }

  async #acknowledge(ids: readonly string[], queue: string): Promise<boolean[]> {
    const isClear = this.#outlook(queue).asks();
    return this.#forHeld(scripts.ACKNOWLEDGE, queue, ids, [], isClear);
  }

  /** What a script answers for each id; an id that was never handed out is not held. */
  async #forHeld(
    script: Script,
    queue: string,
    ids: readonly string[],
    args: ScriptArgument[],
    onClear?: (scanned: boolean) => void,
  ): Promise<boolean[]> {
    const answers = ids.map(isId);
    const known = answers.includes(false) ? ids.filter(isId) : ids;
    if (known.length === 0) return answers;
    const flags = String(await this.#run(script, queue, ...args, ...known));
    if (flags.endsWith('.')) onClear?.(flags === '.');
    if (flags === '' || flags === '.') return answers;
    let at = 0;
    return answers.map((isKnown) => isKnown && flags[at++] === '1');
  }

  #outlook(queue: string): QueueOutlook {
    const known = this.#outlooks.get(queue) ?? new QueueOutlook();
    this.#outlooks.set(queue, known);
    return known;
  }

  #run(script: Script, queue: string, ...args: ScriptArgument[]): Promise<unknown> {
    return script.run(this.client, [this.keys.queue(queue), this.keys.dead(queue)], ...args);
  }
}

type Entry = [id: Buffer, fields: Buffer[]];
const FIELD_BYTES = Buffer.from(FIELD);

/** A client of the user may speak RESP3, in which the reply has another form. */
function entriesIn(reply: unknown): Entry[] {
  if (reply === null || reply === undefined) return [];
  if (!Array.isArray(reply)) return Object.values(reply)[0] as Entry[];
  return (Array.isArray(reply[0]) ? reply[0][1] : reply[1]) as Entry[];
}

function toFirstDelivery([id, fields]: Entry): Reservation {
  const at = fields.findIndex((field) => field.equals(FIELD_BYTES));
  return { id: id.toString('latin1'), request: fields[at + 1]?.toString() ?? '', deliveries: 1 };
}

function isId(id: string): boolean {
  return ID.test(id);
}

function toReservations(reply: string[]): Reservation[] {
  const reservations: Reservation[] = [];
  for (let at = 0; at < reply.length; at += 3) {
    const count = Number(reply[at + 1]);
    const id = count === 1 ? reply[at]! : `${reply[at]}:${count}`;
    reservations.push({ id, request: reply[at + 2]!, deliveries: count % EPOCH });
  }
  return reservations;
}

function toStoredDeadLetter([id, fields]: [string, string[]]): StoredDeadLetter {
  const field = (name: string): string => fields[fields.indexOf(name) + 1] ?? '';
  return {
    id,
    request: field(FIELD),
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
  const list: null[] = [];
  while (list.length < count) list.push(null);
  return list;
}

function padded<T>(items: T[], count: number): (T | null)[] {
  return items.length === count ? items : Array.from({ length: count }, (_, index) => items[index] ?? null);
}

function present<T>(items: (T | null)[]): T[] {
  return items.includes(null) ? items.filter((item) => item !== null) : (items as T[]);
}
