export interface Traffic {
  processes: number;
  requestsPerSecond: number;
  keys: number;
  exponent: number;
  ttlSeconds: number;
  invalidationShare: number;
  factorySeconds: number;
  leaseMs: number;
  valueBytes: number;
  near: boolean;
  nearEntries: number;
  listening: boolean;
  channels: boolean;
  warmUpSeconds: number;
  seconds: number;
  seed: number;
}
export interface Counts {
  seconds: number;
  requests: number;
  nearHits: number;
  redisHits: number;
  computations: number;
  collapsed: number;
  invalidations: number;
  waiters: number;
  polls: number;
  renewals: number;
  commands: number;
  messages: number;
  bytesToRedis: number;
  bytesFromRedis: number;
}
export const MAX_STRETCH: number;
export const POLL_SECONDS: readonly [number, number];
export function replay(parameters: Partial<Traffic>): Counts;
export function simulate(parameters: Partial<Traffic>): Counts;
