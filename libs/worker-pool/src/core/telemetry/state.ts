import { channel } from 'node:diagnostics_channel';

/** Name of the channel that receives changes of a pool's state. */
export const POOL_STATE_CHANNEL = 'nestjs-worker-pool:state';

/**
 * Of a pool over BullMQ:
 * - `connected`: the first connection to Redis is ready
 * - `degraded`: the connection is lost, or Redis has not replied to a call within its deadline
 * - `recovered`: Redis replies again
 */
export type PoolState = 'connected' | 'degraded' | 'recovered';

/** A change of a pool's state, as subscribers of the channel see it. */
export interface PoolStateChange {
  readonly state: PoolState;
  /** `degraded`: `CONNECTION_LOST` or `TIMEOUT`. */
  readonly code?: string;
  /** `recovered`: how long Redis was unavailable, in milliseconds. */
  readonly durationMs?: number;
}

const STATE = channel(POOL_STATE_CHANNEL);

export function publishState(change: PoolStateChange): void {
  if (STATE.hasSubscribers) STATE.publish(change);
}
