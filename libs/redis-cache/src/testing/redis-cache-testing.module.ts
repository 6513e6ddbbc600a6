import { type DynamicModule, Module } from '@nestjs/common';
import { Concealed } from 'nestjs-redis-connection';
import {
  MODULE_OPTIONS_TOKEN,
  type RedisCacheModuleExtras,
  createHealthProvider,
  createLifecycleProvider,
} from '../nest/redis-cache.providers.js';
import { getRedisCacheHealthToken } from '../health/redis-cache.health.js';
import { getRedisCacheToken } from '../nest/redis-cache.tokens.js';
import { createTestingCache, type TestingCacheOptions } from './create-testing-cache.js';
import { FakeClock } from './fake-clock.js';

/** Options of `RedisCacheTestingModule.forRoot()`. */
export interface RedisCacheTestingModuleOptions
  extends Omit<TestingCacheOptions, 'clock'>, RedisCacheModuleExtras {
  /** Default: a new clock. Pass one clock to several instances to move them together. */
  clock?: FakeClock;
}

/**
 * Replaces `RedisCacheModule` in tests: provides `RedisCacheService` and `RedisCacheHealthIndicator` under the same
 * tokens, on memory and a fake clock in place of Redis, and the clock as `FakeClock`. It logs nothing.
 *
 * @example
 * const app = await Test.createTestingModule({
 *   imports: [RedisCacheTestingModule.forRoot()],
 *   providers: [Answers],
 * }).compile();
 * app.get(FakeClock).advance(60_000);
 */
@Module({})
export class RedisCacheTestingModule {
  /**
   * Registers an instance: the default one, or the one with the given `name`.
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
        { provide: MODULE_OPTIONS_TOKEN, useValue: new Concealed({ health: cache.health }) },
        { provide: getRedisCacheToken(name), useFactory },
        createHealthProvider(name),
        createLifecycleProvider(name),
      ],
      exports: [FakeClock, getRedisCacheToken(name), getRedisCacheHealthToken(name)],
    };
  }
}
