import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Inject, Injectable, Logger, Module, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { RedisCacheOptions } from '../core/options/redis-cache-options.js';
import {
  getRedisCacheHealthToken,
  InjectRedisCacheHealth,
  RedisCacheHealthIndicator,
} from '../health/redis-cache.health.js';
import type { RedisCacheOptionsFactory } from './redis-cache.providers.js';
import { RedisCacheModule } from './redis-cache.module.js';
import { RedisCacheService } from '../core/redis-cache.service.js';
import { getRedisCacheToken, InjectRedisCache } from './redis-cache.tokens.js';

const MEMORY = { backend: 'memory' } as const;
const SETTINGS = 'SETTINGS';

@Module({
  providers: [{ provide: SETTINGS, useValue: { ttlSeconds: 70 } }],
  exports: [SETTINGS],
})
class SettingsModule {}

@Injectable()
class OptionsFromSettings implements RedisCacheOptionsFactory {
  constructor(@Inject(SETTINGS) private readonly settings: RedisCacheOptions) {}

  createRedisCacheOptions(): RedisCacheOptions {
    return { ...MEMORY, ...this.settings };
  }
}

@Module({ imports: [SettingsModule], providers: [OptionsFromSettings], exports: [OptionsFromSettings] })
class FactoryModule {}

/** Injects the cache and its health indicator by class. */
@Injectable()
class Answers {
  constructor(
    readonly cache: RedisCacheService,
    @InjectRedisCache() readonly same: RedisCacheService,
    readonly health: RedisCacheHealthIndicator,
  ) {}
}

/** Injects two instances by name. */
@Injectable()
class TwoCaches {
  constructor(
    @InjectRedisCache('one') readonly one: RedisCacheService,
    @InjectRedisCache('two') readonly two: RedisCacheService,
    @InjectRedisCacheHealth('two') readonly health: RedisCacheHealthIndicator,
  ) {}
}

const running: TestingModule[] = [];

async function start(imports: (DynamicModule | Type)[], providers: Type[] = []): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports, providers }).compile();
  running.push(app);
  return app.init();
}

/** The TTL of a response for which the call specifies none. */
async function defaultTtl(cache: RedisCacheService): Promise<number> {
  await cache.cacheResponse('key', 'value');
  const found = await cache.lookup('key');
  return found.status === 'hit' ? Math.round(found.ttlSeconds ?? Number.NaN) : Number.NaN;
}

beforeAll(() => Logger.overrideLogger(false));

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

describe('RedisCacheModule.forRoot', () => {
  it('provides the service and its health indicator by class', async () => {
    const app = await start([RedisCacheModule.forRoot(MEMORY)], [Answers]);
    const { cache, same, health } = app.get(Answers);
    expect(cache).toBeInstanceOf(RedisCacheService);
    expect(same).toBe(cache);
    expect(health).toBeInstanceOf(RedisCacheHealthIndicator);
    expect(await health.isHealthy()).toMatchObject({ redis: { status: 'up', backend: 'memory' } });
    expect(await cache.isConnected()).toBe(true);
  });

  it('accepts options and registration in one object', async () => {
    const app = await start([
      RedisCacheModule.forRoot({ ...MEMORY, ttlSeconds: 50, isGlobal: true, name: 'x' }),
    ]);
    expect(await defaultTtl(app.get(getRedisCacheToken('x')))).toBe(50);
  });

  it('is available in every module without an import if it is global', async () => {
    const feature: DynamicModule = { module: class Feature {}, providers: [Answers], exports: [Answers] };
    const app = await start([RedisCacheModule.forRoot({ ...MEMORY, isGlobal: true }), feature]);
    expect(await defaultTtl(app.get(Answers, { strict: false }).cache)).toBe(3_600);
  });

  it('is not available in other modules if it is not global', async () => {
    const feature: DynamicModule = { module: class Feature {}, providers: [Answers] };
    await expect(start([RedisCacheModule.forRoot(MEMORY), feature])).rejects.toThrow(/resolve dependencies/);
  });

  it('fails with the name of the wrong field', async () => {
    const wrong = RedisCacheModule.forRoot({ ...MEMORY, ttlSeconds: -1 });
    await expect(start([wrong])).rejects.toThrow(/^ttlSeconds must/);
  });

  it('fails for a wrong address, without its password', async () => {
    const wrong = RedisCacheModule.forRoot({ connection: { url: 'http://:hunter2@cache' } });
    const failure = await start([wrong]).catch((error: Error) => error);
    expect(String(failure)).toMatch(/connection\.url must begin with redis:/);
    expect(String((failure as Error).stack)).not.toContain('hunter2');
  });
});

describe('RedisCacheModule.forRootAsync', () => {
  it('accepts a factory that injects providers from imports', async () => {
    const cache = RedisCacheModule.forRootAsync({
      imports: [SettingsModule],
      inject: [SETTINGS],
      useFactory: async (settings: RedisCacheOptions) => ({ ...MEMORY, ...settings }),
    });
    const app = await start([cache], [Answers]);
    expect(await defaultTtl(app.get(Answers).cache)).toBe(70);
  });

  it('accepts a class', async () => {
    const cache = RedisCacheModule.forRootAsync({ imports: [SettingsModule], useClass: OptionsFromSettings });
    const app = await start([cache], [Answers]);
    expect(await defaultTtl(app.get(Answers).cache)).toBe(70);
  });

  it('accepts an existing provider, and creates no second one', async () => {
    const cache = RedisCacheModule.forRootAsync({
      imports: [FactoryModule],
      useExisting: OptionsFromSettings,
    });
    const app = await start([cache], [Answers]);
    expect(await defaultTtl(app.get(Answers).cache)).toBe(70);
    expect(() => app.select(RedisCacheModule).get(OptionsFromSettings)).toThrow(/exist/);
  });

  it('can be global and named', async () => {
    const feature: DynamicModule = { module: class Feature {}, providers: [TwoCaches], exports: [TwoCaches] };
    const app = await start([
      RedisCacheModule.forRootAsync({ useFactory: () => MEMORY, isGlobal: true, name: 'one' }),
      RedisCacheModule.forRootAsync({ useFactory: () => MEMORY, isGlobal: true, name: 'two' }),
      feature,
    ]);
    expect(await app.get(TwoCaches, { strict: false }).one.isConnected()).toBe(true);
  });

  it('fails with the name of the wrong field', async () => {
    const wrong = RedisCacheModule.forRootAsync({
      useFactory: () => ({ ...MEMORY, queue: { maxLength: 0 } }),
    });
    await expect(start([wrong])).rejects.toThrow(/^queue\.maxLength must/);
  });
});

describe('several instances', () => {
  const two = [
    RedisCacheModule.forRoot({ ...MEMORY, ttlSeconds: 10, name: 'one' }),
    RedisCacheModule.forRoot({ ...MEMORY, ttlSeconds: 20, name: 'two' }),
  ];

  it('coexist, each with its own options and data', async () => {
    const { one, two: other } = (await start(two, [TwoCaches])).get(TwoCaches);
    expect(one).not.toBe(other);
    expect([await defaultTtl(one), await defaultTtl(other)]).toEqual([10, 20]);
    await one.clearCache();
    expect(await one.getCachedResponse('key')).toBeNull();
    expect(await other.getCachedResponse('key')).toBe('value');
  });

  it('coexist even with identical options', async () => {
    const same = ['one', 'two'].map((name) => RedisCacheModule.forRoot({ ...MEMORY, name }));
    const caches = (await start(same, [TwoCaches])).get(TwoCaches);
    await caches.one.queueRequest('of one');
    expect(await caches.two.getQueueLength()).toBe(0);
    expect(await caches.one.getQueueLength()).toBe(1);
  });

  it('coexist with the default one', async () => {
    const app = await start([...two, RedisCacheModule.forRoot(MEMORY)], [TwoCaches, Answers]);
    expect(await defaultTtl(app.get(Answers).cache)).toBe(3_600);
    expect(await defaultTtl(app.get(TwoCaches).one)).toBe(10);
  });

  it('have a health indicator each', async () => {
    const app = await start(two, [TwoCaches]);
    const { health, one, two: other } = app.get(TwoCaches);
    await other.close();
    expect(await health.isHealthy('two')).toMatchObject({ two: { status: 'degraded', state: 'closed' } });
    const ofOne = app.get<RedisCacheHealthIndicator>(getRedisCacheHealthToken('one'), { strict: false });
    expect(await ofOne.isHealthy('one')).toMatchObject({ one: { status: 'up' } });
    expect(await one.isConnected()).toBe(true);
  });

  it('cannot be injected under an unknown name', async () => {
    await expect(start([two[0]!], [TwoCaches])).rejects.toThrow(/RedisCacheService:two/);
  });
});

describe('the shutdown of the application', () => {
  it('closes the cache, and can be repeated', async () => {
    const app = await start([RedisCacheModule.forRoot(MEMORY)], [Answers]);
    const { cache } = app.get(Answers);
    await app.close();
    await app.close();
    expect(cache.getStatus().phase).toBe('closed');
    expect(await cache.isConnected()).toBe(false);
  });

  it('closes every instance', async () => {
    const named = ['one', 'two'].map((name) => RedisCacheModule.forRoot({ ...MEMORY, name }));
    const app = await start([RedisCacheModule.forRoot(MEMORY), ...named], [Answers, TwoCaches]);
    const { one, two } = app.get(TwoCaches);
    const caches = [app.get(Answers).cache, one, two];
    await app.close();
    expect(caches.map((cache) => cache.getStatus().phase)).toEqual(['closed', 'closed', 'closed']);
  });

  it('leaves the cache open during onModuleDestroy and beforeApplicationShutdown', async () => {
    const seen: string[] = [];
    @Injectable()
    class LateUser {
      constructor(@InjectRedisCache() private readonly cache: RedisCacheService) {}

      async onModuleDestroy(): Promise<void> {
        seen.push(`onModuleDestroy ${await this.cache.isConnected()}`);
      }

      async beforeApplicationShutdown(): Promise<void> {
        seen.push(`beforeApplicationShutdown ${await this.cache.isConnected()}`);
      }
    }
    const app = await start([RedisCacheModule.forRoot(MEMORY)], [LateUser]);
    await app.close();
    expect(seen).toEqual(['onModuleDestroy true', 'beforeApplicationShutdown true']);
  });
});
