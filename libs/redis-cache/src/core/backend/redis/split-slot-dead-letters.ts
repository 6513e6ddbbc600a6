import type { RedisClient } from 'nestjs-redis-connection';
import type { ReleaseResult, ReleaseSettings, ReplayResult } from '../queue-store.js';
import type { KeySpace } from './key-space.js';
import { EPOCH, FIELD } from './queue-lua.js';
import { toStoredDeadLetter } from './queue-replies.js';

/** What the queue itself does, with its one key. */
export interface QueueCalls {
  /** Returns whether the queue had room. */
  push(text: string, queue: string, maxLength: number): Promise<boolean>;
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

  countDead(queue: string): Promise<number> {
    return this.client.xlen(this.keys.dead(queue));
  }

  /** Moves a dead letter to the end of the queue. */
  async replay(queue: string, id: string, maxLength: number): Promise<ReplayResult> {
    const [entry] = await this.client.xrange(this.keys.dead(queue), id, id);
    if (!entry) return 'unknown';
    if (!(await this.queue.push(toStoredDeadLetter(entry).request, queue, maxLength))) return 'full';
    await this.client.xdel(this.keys.dead(queue), id);
    return 'replayed';
  }

  /** Makes a request, whose delivery was valid just now, a dead letter. */
  async bury(queue: string, id: string, settings: ReleaseSettings): Promise<ReleaseResult> {
    const [entry = '', count = '1'] = id.split(':');
    const [found] = await this.client.xrange(this.keys.queue(queue), entry, entry);
    if (found) {
      const text = found[1][found[1].indexOf(FIELD) + 1] ?? '';
      const facts = ['deliveries', Number(count) % EPOCH, 'queued', entry, 'reason', settings.reason];
      const limit = ['MAXLEN', settings.maxDeadLetters] as const;
      await this.client.xadd(this.keys.dead(queue), ...limit, '*', FIELD, text, ...facts);
    }
    return (await this.queue.acknowledge(queue, id)) ? 'dead' : 'lost';
  }
}
