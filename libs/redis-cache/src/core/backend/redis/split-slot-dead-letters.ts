import type { RedisClient } from 'nestjs-redis-connection';
import type { ReleaseResult, ReleaseSettings, ReplayResult } from '../queue-store.js';
import type { KeySpace } from './key-space.js';
import { partsOfDelivery } from './delivery-id.js';
import { FIELD } from './queue-lua.js';
import { toStoredDeadLetter } from './queue-replies.js';

/** How much a queue may hold. */
export interface QueueLimits {
  maxLength: number;
  maxBytes: number;
}

/** What the queue itself does, with its one key. */
export interface QueueCalls {
  /** Returns whether the queue had room. */
  push(text: string, queue: string, limits: QueueLimits): Promise<boolean>;
  /** Returns whether the delivery was still valid. */
  acknowledge(queue: string, id: string): Promise<boolean>;
}

/**
 * Dead letters of a queue whose slot migrates between two nodes of a Cluster. A script gets one key then, so a request
 * moves in two steps. It is written before it is removed: if the connection breaks in between, it is there twice, and
 * never lost.
 */
export class SplitSlotDeadLetters {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly queue: QueueCalls,
  ) {}

  /** As a script counts them that has all keys; while the slot migrates, requests come and go uncounted. */
  async countBytes(queue: string): Promise<number> {
    return Number(await this.client.get(this.keys.queueBytes(queue)));
  }

  countDead(queue: string): Promise<number> {
    return this.client.xlen(this.keys.dead(queue));
  }

  /** Moves a dead letter to the end of the queue. */
  async replay(queue: string, id: string, limits: QueueLimits): Promise<ReplayResult> {
    const [entry] = await this.client.xrange(this.keys.dead(queue), id, id);
    if (!entry) return 'unknown';
    if (!(await this.queue.push(toStoredDeadLetter(entry).request, queue, limits))) return 'full';
    await this.client.xdel(this.keys.dead(queue), id);
    return 'replayed';
  }

  /** Makes a request, whose delivery was valid just now, a dead letter. */
  async bury(queue: string, id: string, settings: ReleaseSettings): Promise<ReleaseResult> {
    const { entry, deliveries } = partsOfDelivery(id)!;
    const [found] = await this.client.xrange(this.keys.queue(queue), entry, entry);
    if (found) {
      const text = found[1][found[1].indexOf(FIELD) + 1] ?? '';
      const facts = ['deliveries', deliveries, 'queued', entry, 'reason', settings.reason];
      const limit = ['MAXLEN', settings.maxDeadLetters] as const;
      await this.client.xadd(this.keys.dead(queue), ...limit, '*', FIELD, text, ...facts);
    }
    return (await this.queue.acknowledge(queue, id)) ? 'dead' : 'lost';
  }
}
