import type { PoolStats } from 'nestjs-worker-pool';

/** When it is worth asking for a task's result, in seconds: about when one that is submitted now would end. */
export function retryAfterSeconds({ retryAfterMs, meanServiceMs }: PoolStats): number {
  return Math.max(1, Math.ceil((retryAfterMs + (meanServiceMs ?? 0)) / 1_000));
}
