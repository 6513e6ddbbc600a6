import type { QueueStore } from '../backend/queue-store.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import type { EvictionWatch } from '../guard/eviction-watch.js';
import type { Guard } from '../guard/guard.js';
import type { NamedQueueOptions } from '../options/redis-cache-options.js';
import type { CacheLogger } from '../util/cache-logger.js';
import type { Arrivals } from './arrivals.js';
import { DeadLetters } from './dead-letters.js';
import { Dequeuer } from './dequeuer.js';
import { Producer } from './producer.js';
import { Reservations } from './reservations.js';
import { Waiters } from './waiters.js';

/** What all queues of one cache instance share. */
export interface QueueDependencies {
  store: QueueStore;
  guard: Guard;
  counters: RedisCacheCounters;
  logger: CacheLogger;
  arrivals: Arrivals;
  evictions: EvictionWatch;
}

/** Name and options of one queue, with what it shares with the others. */
export interface QueueContext extends QueueDependencies, Required<NamedQueueOptions> {
  name: string;
}

/** A running consumer, as far as its queue needs to know. */
export interface Stoppable {
  stop(): Promise<void>;
}

/** The parts of one queue. All users of the queue in this process share them. */
export class QueueCore {
  readonly producer: Producer;
  readonly dequeuer: Dequeuer;
  readonly waiters: Waiters;
  readonly reservations: Reservations;
  readonly deadLetters: DeadLetters;
  /** Consumers that run. */
  readonly consumers = new Set<Stoppable>();

  constructor(readonly context: QueueContext) {
    this.producer = new Producer(context);
    this.dequeuer = new Dequeuer(context);
    this.waiters = new Waiters(context, this.dequeuer);
    this.reservations = new Reservations(context);
    this.deadLetters = new DeadLetters(context);
  }

  /** Stops the consumers, resolves all waiters with `null`, and puts late requests back into the queue. */
  async close(): Promise<void> {
    await Promise.all([...this.consumers].map((consumer) => consumer.stop()));
    this.waiters.close();
    const late = this.dequeuer.takeLate();
    if (late.length > 0) await this.producer.restore(late);
  }
}

/** The parts of a queue that a consumer uses. */
export type ConsumedQueue = Pick<QueueCore, 'context' | 'reservations' | 'consumers'>;
