import { type DynamicModule, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import {
  MODULE_OPTIONS_TOKEN,
  type RedisCacheModuleExtras,
  createHealthProvider,
  createShutdownProvider,
} from '../nest/redis-cache.providers.js';
import { getRedisCacheHealthToken } from '../health/redis-cache.health.js';
import { getRedisCacheToken } from '../nest/redis-cache.tokens.js';
import { createTestingCache, type TestingCacheOptions } from './create-testing-cache.js';
import { FakeClock } from './fake-clock.js';

/** Options of `RedisCacheTestingModule.forRoot()`. */
export interface RedisCacheTestingModuleOptions
  extends Omit<TestingCacheOptions, 'clock'>, RedisCacheModuleExtras {
  /** Default: a new one. Give several instances one clock to move them together. */
  clock?: FakeClock;
}

/**
 * Stands in for `RedisCacheModule` in tests: provides the same `RedisCacheService` and
 * `RedisCacheHealthIndicator` under the same tokens, over memory and a fake clock instead of Redis, and the
 * clock as `FakeClock`. Logs nothing.
 *
 * @example
 * const app = await Test.createTestingModule({
 *   imports: [RedisCacheTestingModule.forRoot()],
 *   providers: [Answers],
 * }).compile();
 * app.get(FakeClock).advance(60_000);
 */
@Module({ imports: [TerminusModule] })
export class RedisCacheTestingModule {
  /**
   * One instance, the plain one unless it has a `name`.
   *
   * @throws {InvalidOptionsError} when the module is built and an option is wrong
   */
  static forRoot(options: RedisCacheTestingModuleOptions = {}): DynamicModule {
    const { name, isGlobal = false, clock = new FakeClock(), ...cache } = options;
    const useFactory = () => createTestingCache({ ...cache, clock });
    return {
      module: RedisCacheTestingModule,
      global: isGlobal,
      providers: [
        { provide: FakeClock, useValue: clock },
        { provide: MODULE_OPTIONS_TOKEN, useValue: { health: cache.health } },
        { provide: getRedisCacheToken(name), useFactory },
        createHealthProvider(name),
        createShutdownProvider(name),
      ],
      exports: [FakeClock, getRedisCacheToken(name), getRedisCacheHealthToken(name)],
    };
  }
}
