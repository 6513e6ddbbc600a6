import type { QueueStore } from '../backend/queue-store.js';
import type { NamedQueueOptions } from '../options/redis-cache-options.js';
import type { Guard, GuardLogger } from '../guard/guard.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import type { Arrivals } from './arrivals.js';

/** What all queues of an instance stand on. */
export interface QueueSurroundings {
  store: QueueStore;
  guard: Guard;
  counters: RedisCacheCounters;
  logger: GuardLogger;
  arrivals: Arrivals;
}

/** What one queue is made of. */
export interface QueueParts extends QueueSurroundings, Required<NamedQueueOptions> {
  name: string;
}
