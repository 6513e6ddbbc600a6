import { channel } from 'node:diagnostics_channel';

/** Name of the channel that receives changes of state. */
export const STATE_CHANNEL = 'nestjs-redis-cache:state';

/**
 * - `connected`: the first connection is ready
 * - `degraded`: Redis is unavailable and the circuit is open; operations get their fallback
 * - `recovered`: Redis is back and the circuit is closed
 * - `writes-refused`, `writes-accepted`: the server refuses writes (read-only, out of memory), or accepts them again
 * - `invalidations-confirmed`: Redis has confirmed all invalidations that an outage had left unconfirmed
 * - `late-write-dropped`: a computed value was dropped from the write-behind buffer
 * - `lease-lost`: a computation or a consumer's request is no longer this process's
 * - `dead-letter`: this process made a request a dead letter
 */
export type CacheState =
  | 'connected'
  | 'degraded'
  | 'recovered'
  | 'writes-refused'
  | 'writes-accepted'
  | 'invalidations-confirmed'
  | 'late-write-dropped'
  | 'lease-lost'
  | 'dead-letter';

/** Details of a change of state. */
export interface CacheStateDetails {
  /** `degraded`, `writes-refused`: code of the failure, such as `ECONNREFUSED`, `TIMEOUT` or `OOM`. */
  readonly code?: string;
  /** `recovered`: how long Redis was unavailable, in milliseconds. */
  readonly durationMs?: number;
  /** `dead-letter`, and `lease-lost` of a consumer: name of the queue. */
  readonly queue?: string;
}

/** A change of state, as subscribers of the channel see it. */
export interface CacheStateChange extends CacheStateDetails {
  readonly state: CacheState;
  /** Name of the cache instance; `default` for the one without a name. */
  readonly cache: string;
}

const STATE = channel(STATE_CHANNEL);

/** Name of the instance without a name. */
export const DEFAULT_CACHE_NAME = 'default';

/** Publishes the changes of state of one cache. */
export class StatePublisher {
  constructor(readonly cache = DEFAULT_CACHE_NAME) {}

  publish(state: CacheState, details?: CacheStateDetails): void {
    if (STATE.hasSubscribers) STATE.publish({ state, cache: this.cache, ...details });
  }
}
