import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { CallWindows } from './call-windows.js';

type Incremented = Parameters<FastifyRateLimitStore['incr']>[1];

/** A store for `@fastify/rate-limit` that counts in windows which processes share. */
export function windowStoreOn(windows: CallWindows): FastifyRateLimitStoreCtor {
  return class WindowStore implements FastifyRateLimitStore {
    incr(key: string, callback: Incremented, windowMs: number, max: number): void {
      windows.hit(key, windowMs, max, (state) => callback(null, state));
    }

    // Each limiter has keys of its own.
    child(): FastifyRateLimitStore {
      return this;
    }
  };
}
