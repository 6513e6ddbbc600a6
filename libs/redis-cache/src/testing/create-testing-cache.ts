import type { Backend } from '../core/backend/backend.js';
import { MemoryBackend } from '../core/backend/memory/memory-backend.js';
import type { RedisCacheOptions } from '../core/options/redis-cache-options.js';
import { resolveOptions } from '../core/options/redis-cache-options.schema.js';
import { assemble } from '../core/create-redis-cache.js';
import type { GuardLogger } from '../core/guard/guard.js';
import type { RedisCacheService } from '../core/redis-cache.service.js';
import { type Clock, FakeClock } from './fake-clock.js';

/** Options of a cache for tests: those of the module, except where it stores. */
export interface TestingCacheOptions extends Omit<RedisCacheOptions, 'backend' | 'connection'> {
  /** Default: a new `FakeClock`, which nobody can then move. */
  clock?: Clock;
  /**
   * What the cache stands on, such as a `ChaosBackend` or one of your own; closed with the cache. Default: a
   * new `MemoryBackend` that goes by `clock`.
   */
  backend?: Backend;
}

const SILENT: GuardLogger = { log: () => {}, warn: () => {} };

/**
 * A cache for tests, without Nest and without Redis: the real service, over memory and a fake clock, that
 * logs nothing.
 *
 * @throws {InvalidOptionsError} a wrong option
 * @example
 * const clock = new FakeClock();
 * const cache = createTestingCache({ clock, ttlSeconds: 60 });
 */
export function createTestingCache(options: TestingCacheOptions = {}): RedisCacheService {
  const { clock = new FakeClock(), backend, ...rest } = options;
  const resolved = resolveOptions({ ...rest, backend: 'memory' });
  const now = (): number => clock.now();
  return assemble(resolved, backend ?? new MemoryBackend({ ...resolved.memory, now }), SILENT, now);
}
