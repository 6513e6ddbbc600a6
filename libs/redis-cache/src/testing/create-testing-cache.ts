import {
  type Backend,
  type CacheLogger,
  createRedisCache,
  type RedisCacheOptions,
  type RedisCacheService,
} from '../core.js';
import { type Clock, FakeClock } from './fake-clock.js';

/** Options of a cache for tests: those of the module, except for the connection. */
export interface TestingCacheOptions extends Omit<RedisCacheOptions, 'backend' | 'connection'> {
  /** Default: a new `FakeClock`, which then stands still. */
  clock?: Clock;
  /**
   * Store of the cache, such as a `ChaosBackend` or one of your own; closed with the cache. Default: a new
   * `MemoryBackend` on `clock`.
   */
  backend?: Backend;
}

const SILENT: CacheLogger = { log: () => {}, warn: () => {} };

/**
 * Creates a cache for tests, without Nest and without Redis: the real service, on memory and a fake clock. It logs
 * nothing.
 *
 * @throws {InvalidOptionsError} a wrong option
 * @example
 * const clock = new FakeClock();
 * const cache = createTestingCache({ clock, ttlSeconds: 60 });
 */
export function createTestingCache(options: TestingCacheOptions = {}): RedisCacheService {
  const { clock = new FakeClock(), backend, ...rest } = options;
  const now = (): number => clock.now();
  return createRedisCache({ ...rest, backend: 'memory' }, { backend, now, logger: SILENT });
}
