import { isSplitSlot, type RedisClient, type Script, type ScriptArgument } from 'nestjs-redis-connection';
import {
  type DeadLetterPolicy,
  MAX_LEASE_MS,
  type QueueContents,
  type QueueStore,
  type ReleaseResult,
  type ReleaseSettings,
  type ReplayResult,
  type Reservation,
  type StoredDeadLetter,
} from '../queue-store.js';
import { Batches, nulls, padded, present } from './batches.js';
import { ContentsReader } from './contents-reader.js';
import { partsOfDelivery, splitIds } from './delivery-id.js';
import type { KeySpace } from './key-space.js';
import { QueueHints } from './queue-hints.js';
import { GROUP, LEASED } from './queue-lua.js';
import { timeOf, toFirstDeliveries, toReservations, toStoredDeadLetter } from './queue-replies.js';
import * as scripts from './queue-scripts.js';
import { type QueueLimits, SplitSlotDeadLetters } from './split-slot-dead-letters.js';
import { UsedStreams } from './used-streams.js';

/** For this many requests, a script that returns them costs more than to check first whether it is needed. */
const WORTH_A_CHECK = 32;
const DEAD_LETTER_ID = /^\d{1,20}-\d{1,20}$/;
/** By the number that the script returns. */
const REPLAY_RESULTS: readonly ReplayResult[] = ['unknown', 'replayed', 'full'];

/** Arguments of a script before and after the deliveries, and what to call when only new requests are available. */
interface SettleArguments {
  before?: ScriptArgument[];
  after?: (bytes: readonly number[]) => ScriptArgument[];
  onOnlyNew?: (scanned: boolean) => void;
}

/**
 * Queues in Redis, each a stream with one consumer group. Equal calls within one turn of the event loop are sent as one
 * command.
 */
export class RedisQueueStore implements QueueStore {
  // Never in chunks: in a full queue the second chunk could fit after the first did not.
  readonly #pushes = new Batches<string, boolean, [string, QueueLimits]>(
    (texts, queue, limits, counts) => this.#push(texts, queue, limits, counts),
    Infinity,
  );
  readonly #shifts = new Batches<null, string | null, [string, DeadLetterPolicy]>((wanted, queue, policy) =>
    this.#shift(wanted.length, queue, policy),
  );
  readonly #reserves = new Batches<null, Reservation | null, [string, number, DeadLetterPolicy]>(
    (wanted, queue, leaseMs, policy) => this.#reserve(wanted.length, queue, leaseMs, policy),
  );
  readonly #acknowledgements = new Batches<string, boolean, [string]>((ids, queue) =>
    this.#acknowledge(ids, queue),
  );
  readonly #hints = new Map<string, QueueHints>();
  readonly #splitSlot: SplitSlotDeadLetters;
  readonly #used: UsedStreams;
  readonly #contents: ContentsReader;

  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly channel: string,
  ) {
    this.#used = new UsedStreams(client);
    this.#contents = new ContentsReader(keys, this.#used, (queue) => this.#read(queue));
    this.#splitSlot = new SplitSlotDeadLetters(client, keys, {
      push: async (text, queue, limits) => (await this.#push([text], queue, limits, [1]))[0] === true,
      acknowledge: async (queue, id) => (await this.#acknowledge([id], queue))[0] === true,
    });
  }

  async push(
    queue: string,
    requests: readonly string[],
    maxLength: number,
    maxBytes = Infinity,
  ): Promise<number> {
    const group = `${maxLength} ${maxBytes} ${queue}`;
    const pushed = await this.#pushes.add(group, requests, [queue, { maxLength, maxBytes }]);
    return pushed.filter(Boolean).length;
  }

  async shift(queue: string, count: number, policy: DeadLetterPolicy): Promise<string[]> {
    const group = `${policy.maxDeliveries} ${policy.maxDeadLetters} ${queue}`;
    return present(await this.#shifts.add(group, nulls(count), [queue, policy]));
  }

  async reserve(
    queue: string,
    count: number,
    leaseMs: number,
    policy: DeadLetterPolicy,
  ): Promise<Reservation[]> {
    const group = `${leaseMs} ${policy.maxDeliveries} ${policy.maxDeadLetters} ${queue}`;
    return present(await this.#reserves.add(group, nulls(count), [queue, leaseMs, policy]));
  }

  acknowledge(queue: string, ids: readonly string[]): Promise<boolean[]> {
    return this.#acknowledgements.add(queue, ids, [queue]);
  }

  extend(queue: string, ids: readonly string[], leaseMs: number): Promise<boolean[]> {
    // The lease may now end while the hints are still trusted.
    this.#hintsFor(queue).expectReturn();
    return this.#settle(scripts.EXTEND, queue, ids, { before: [MAX_LEASE_MS - leaseMs] });
  }

  async release(queue: string, id: string, settings: ReleaseSettings): Promise<ReleaseResult> {
    const parts = partsOfDelivery(id);
    if (!parts) return 'lost';
    this.#hintsFor(queue).expectReturn();
    const { entry, count } = parts;
    const { delayMs, counts, rejects, maxDeliveries, maxDeadLetters, reason } = settings;
    const idle = delayMs > 0 ? MAX_LEASE_MS - Math.ceil(delayMs) : '';
    const details = [idle, Number(counts), Number(rejects), maxDeliveries, maxDeadLetters, reason];
    const args = [entry, count, ...details, this.channel, queue];
    const result = (await this.#run(scripts.RELEASE, queue, ...args)) as ReleaseResult | 'bury';
    return result === 'bury' ? this.#splitSlot.bury(queue, id, settings) : result;
  }

  async length(queue: string): Promise<number> {
    // The user's client may return numbers as strings (`stringNumbers`).
    return Number(await this.#run(scripts.LENGTH, queue));
  }

  contents(queue: string): Promise<QueueContents> {
    return this.#contents.read(queue);
  }

  async #read(queue: string): Promise<QueueContents> {
    const reply = (await this.#run(scripts.CONTENTS, queue)) as string[];
    const [waiting, reserved, dead, bytes, now, ...ids] = reply;
    // Neither is known to a script that got the queue alone.
    const deadCount = Number(dead) < 0 ? await this.#splitSlot.countDead(queue) : dead;
    const byteCount = Number(bytes) < 0 ? await this.#splitSlot.countBytes(queue) : bytes;
    const oldest = Math.min(...ids.map(timeOf));
    return {
      waiting: Number(waiting),
      reserved: Number(reserved),
      dead: Number(deadCount),
      bytes: Number(byteCount),
      oldestAgeMs: ids.length === 0 ? null : Math.max(0, Number(now) - oldest),
    };
  }

  async inUse(queues: readonly string[]): Promise<string[]> {
    const used = await this.#used.among(queues.map((queue) => this.keys.queue(queue)));
    return queues.filter((queue) => used.has(this.keys.queue(queue)));
  }

  async clear(queue: string): Promise<void> {
    const keys = [this.keys.queue(queue), this.keys.queueBytes(queue)];
    try {
      await scripts.CLEAR.run(this.client, keys);
    } catch (error) {
      if (!isSplitSlot(error)) throw error;
      await scripts.CLEAR.run(this.client, [keys[0]!]);
      await this.client.unlink(keys[1]!);
    }
  }

  async listDeadLetters(queue: string, limit: number, after?: string): Promise<StoredDeadLetter[]> {
    if (after !== undefined && !DEAD_LETTER_ID.test(after)) return [];
    const start = after === undefined ? '-' : `(${after}`;
    const entries = await this.client.xrange(this.keys.dead(queue), start, '+', 'COUNT', limit);
    return entries.map(toStoredDeadLetter);
  }

  async replayDeadLetter(
    queue: string,
    id: string,
    maxLength: number,
    maxBytes = Infinity,
  ): Promise<ReplayResult> {
    if (!DEAD_LETTER_ID.test(id)) return 'unknown';
    try {
      const args = [id, maxLength, maxBytes, this.channel, queue];
      const result = await scripts.REPLAY.run(this.client, this.#keysOf(queue), ...args);
      return REPLAY_RESULTS[Number(result)]!;
    } catch (error) {
      if (!isSplitSlot(error)) throw error;
      return this.#splitSlot.replay(queue, id, { maxLength, maxBytes });
    }
  }

  clearDeadLetters(queue: string): Promise<unknown> {
    return this.client.unlink(this.keys.dead(queue));
  }

  /** @param counts how many of the requests belong to each call */
  async #push(
    texts: readonly string[],
    queue: string,
    { maxLength, maxBytes }: QueueLimits,
    counts: readonly number[],
  ): Promise<boolean[]> {
    const starts = counts.map((count) => '1'.padEnd(count, '0')).join('');
    const args = [maxLength, maxBytes, this.channel, queue, starts];
    const flags = String(await this.#run(scripts.PUSH, queue, ...args, ...texts));
    return texts.map((_text, index) => flags === '' || flags[index] === '1');
  }

  async #shift(count: number, queue: string, policy: DeadLetterPolicy): Promise<(string | null)[]> {
    const args = [count, policy.maxDeliveries, policy.maxDeadLetters, this.#hintsFor(queue).scanIfDue()];
    const texts = (await this.#run(scripts.SHIFT, queue, ...args)) as string[];
    return padded(texts, count);
  }

  async #reserve(
    count: number,
    queue: string,
    leaseMs: number,
    policy: DeadLetterPolicy,
  ): Promise<(Reservation | null)[]> {
    const hints = this.#hintsFor(queue);
    const consumer = hints.consumerFor(leaseMs);
    const scan = hints.scanIfDue();
    const skipsScript = consumer !== LEASED && (await this.#hasOnlyNew(queue, count, scan));
    const reserved = skipsScript ? await this.#readNew(queue, count, consumer) : null;
    if (reserved !== null) return padded(reserved, count);
    const args = [count, policy.maxDeliveries, policy.maxDeadLetters, scan, MAX_LEASE_MS - leaseMs, consumer];
    return padded(toReservations((await this.#run(scripts.RESERVE, queue, ...args)) as string[]), count);
  }

  /** Whether no request has come back; `false` also where the check is not worth its cost. */
  async #hasOnlyNew(queue: string, count: number, scan: 0 | 1): Promise<boolean> {
    const hints = this.#hintsFor(queue);
    if (scan === 0 && hints.hasOnlyNew) return true;
    if (count < WORTH_A_CHECK) return false;
    const confirm = hints.beforeQuery();
    const hasOnlyNew = Number(await this.#run(scripts.LOOK, queue, scan)) === 1;
    if (hasOnlyNew) confirm(false);
    return hasOnlyNew;
  }

  /** Reserves new requests without a script; `null` when the group does not exist yet, which a script creates. */
  async #readNew(queue: string, count: number, consumer: string): Promise<Reservation[] | null> {
    const options = ['COUNT', count, 'STREAMS', this.keys.queue(queue), '>'] as const;
    try {
      // As bytes, so that only the parts in use are decoded.
      return toFirstDeliveries(await this.client.xreadgroupBuffer('GROUP', GROUP, consumer, ...options));
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOGROUP')) return null;
      throw error;
    }
  }

  async #acknowledge(ids: readonly string[], queue: string): Promise<boolean[]> {
    const onOnlyNew = this.#hintsFor(queue).beforeQuery();
    return this.#settle(scripts.ACKNOWLEDGE, queue, ids, { after: totalAndEach, onOnlyNew });
  }

  /** Runs a script on deliveries. Returns for each id whether it was valid; malformed ids are not sent. */
  async #settle(
    script: Script,
    queue: string,
    ids: readonly string[],
    { before = [], after, onOnlyNew }: SettleArguments,
  ): Promise<boolean[]> {
    const { deliveries, bytes, areWellFormed } = splitIds(ids);
    if (deliveries.length === 0) return areWellFormed;
    const last = after === undefined ? [] : after(bytes);
    const flags = String(await this.#run(script, queue, ...before, ...deliveries, ...last));
    if (flags.endsWith('.')) onOnlyNew?.(flags === '.');
    if (flags === '' || flags === '.') return areWellFormed;
    let at = 0;
    return areWellFormed.map((isSent) => isSent && flags[at++] === '1');
  }

  #hintsFor(queue: string): QueueHints {
    const hints = this.#hints.get(queue) ?? new QueueHints();
    this.#hints.set(queue, hints);
    return hints;
  }

  async #run(script: Script, queue: string, ...args: ScriptArgument[]): Promise<unknown> {
    try {
      return await script.run(this.client, this.#keysOf(queue), ...args);
    } catch (error) {
      if (!isSplitSlot(error)) throw error;
      return script.run(this.client, [this.keys.queue(queue)], ...args);
    }
  }

  #keysOf(queue: string): string[] {
    return [this.keys.queue(queue), this.keys.dead(queue), this.keys.queueBytes(queue)];
  }
}

function totalAndEach(bytes: readonly number[]): ScriptArgument[] {
  return [bytes.reduce((sum, one) => sum + one, 0), bytes.join(',')];
}
