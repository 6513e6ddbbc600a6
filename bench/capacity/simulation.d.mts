export interface Traffic {
  processes: number;
  requestsPerSecond: number;
  keys: number;
  exponent: number;
  ttlSeconds: number;
  invalidationShare: number;
  factorySeconds: number;
  near: boolean;
  nearEntries: number;
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
  commands: number;
  messages: number;
}
export const POLL_SECONDS: number;
export function simulate(parameters: Partial<Traffic>): Counts;
