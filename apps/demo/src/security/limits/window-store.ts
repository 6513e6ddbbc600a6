import type { FastifyRateLimitStore, FastifyRateLimitStoreCtor } from '@fastify/rate-limit';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { SharedWindow } from './shared-window.js';

/** Callers that a process knows the windows of; the oldest give way, and are asked for again. */
const MAX_WINDOWS = 10_000;

type Incremented = Parameters<FastifyRateLimitStore['incr']>[1];

/**
 * A store for `@fastify/rate-limit` that counts in all processes on one Redis, by the cache's guard: without
 * Redis every count is 0, at no cost, so that nobody is refused because of it.
 */
export function windowStoreOn(
  cache: Pick<RedisCacheService, 'countInWindow'>,
  maxWindows: number = MAX_WINDOWS,
): FastifyRateLimitStoreCtor {
  return class WindowStore implements FastifyRateLimitStore {
    readonly #windows = new Map<string, SharedWindow>();

    incr(key: string, callback: Incremented, windowMs: number, max: number): void {
      this.#windowOf(key, windowMs, max).hit((state) => callback(null, state));
    }

    // Each limiter has keys of its own.
    child(): FastifyRateLimitStore {
      return this;
    }

    #windowOf(key: string, windowMs: number, max: number): SharedWindow {
      const known = this.#windows.get(key);
      if (known) return known;
      if (this.#windows.size >= maxWindows) this.#windows.delete(this.#windows.keys().next().value!);
      const window = new SharedWindow(max, (amount) => cache.countInWindow(`rate:${key}`, windowMs, amount));
      this.#windows.set(key, window);
      return window;
    }
  };
}
