import type { GuardStatus } from './guard/guard.js';

/** State of an instance, known without asking Redis. */
export interface RedisCacheStatus extends GuardStatus {
  backend: 'redis' | 'memory';
  /** Copies in this process; 0 without a near cache. */
  nearEntries: number;
  /** What they take, in bytes, as reckoned against `near.maxBytes`. */
  nearBytes: number;
}
