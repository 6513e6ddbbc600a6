import { afterEach, describe, expect, it } from '@jest/globals';
import { type DynamicModule, Injectable, type LoggerService, Module, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { MemoryBackend } from '../core/backend/memory/memory-backend.js';
import { InjectRedisCacheHealth, RedisCacheHealthIndicator } from '../health/redis-cache.health.js';
import { RedisCacheModule } from '../nest/redis-cache.module.js';
import { RedisCacheService } from '../core/redis-cache.service.js';
import { getRedisCacheToken, InjectRedisCache } from '../nest/redis-cache.tokens.js';
import { ChaosBackend } from './chaos/chaos-backend.js';
import { createTestingCache } from './create-testing-cache.js';
import { FakeClock } from './fake-clock.js';
import { RedisCacheTestingModule } from './redis-cache-testing.module.js';

@Injectable()
class Answers {
  constructor(
    readonly cache: RedisCacheService,
    readonly health: RedisCacheHealthIndicator,
  ) {}
}

@Injectable()
class TwoCaches {
  constructor(
    @InjectRedisCache('one') readonly one: RedisCacheService,
    @InjectRedisCache('two') readonly two: RedisCacheService,
    @InjectRedisCacheHealth('two') readonly health: RedisCacheHealthIndicator,
  ) {}
}

@Module({
  imports: [RedisCacheModule.forRoot({ connection: { host: '127.0.0.1', port: 1 } })],
  providers: [Answers],
})
class ApplicationModule {}

const running: TestingModule[] = [];

async function start(imports: (DynamicModule | Type)[], providers: Type[] = []): Promise<TestingModule> {
  const app = await Test.createTestingModule({ imports, providers }).compile();
  running.push(app);
  return app.init();
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

describe('RedisCacheTestingModule', () => {
  it('provides service and health indicator as the real module does, and the clock', async () => {
    const app = await start([RedisCacheTestingModule.forRoot({ ttlSeconds: 60 })], [Answers]);
    const { cache, health } = app.get(Answers);
    expect(cache).toBeInstanceOf(RedisCacheService);
    expect(await health.isHealthy()).toMatchObject({ redis: { status: 'up', backend: 'memory' } });
    await cache.cacheResponse('key', 'value');
    app.get(FakeClock).advance(60_000);
    expect(await cache.getCachedResponse('key')).toBeNull();
  });

  it('uses the given clock', async () => {
    const clock = new FakeClock();
    const app = await start([RedisCacheTestingModule.forRoot({ clock })], [Answers]);
    expect(app.get(FakeClock)).toBe(clock);
    await app.get(Answers).cache.cacheResponse('key', 'value', 1);
    clock.advance(1_000);
    expect(await app.get(Answers).cache.getCachedResponse('key')).toBeNull();
  });

  it('registers named instances, each with its own data', async () => {
    const clock = new FakeClock();
    const modules = ['one', 'two'].map((name) => RedisCacheTestingModule.forRoot({ name, clock }));
    const { one, two, health } = (await start(modules, [TwoCaches])).get(TwoCaches);
    await one.cacheResponse('key', 'value', 60);
    expect(await two.getCachedResponse('key')).toBeNull();
    await two.close();
    expect(await health.isHealthy('two')).toMatchObject({ two: { state: 'closed' } });
    expect(await one.getCachedResponse('key')).toBe('value');
  });

  it('is available in every module if it is global, and only then', async () => {
    const feature: DynamicModule = { module: class Feature {}, providers: [Answers], exports: [Answers] };
    const app = await start([RedisCacheTestingModule.forRoot({ isGlobal: true }), feature]);
    expect(await app.get(Answers, { strict: false }).cache.isConnected()).toBe(true);
    await expect(start([RedisCacheTestingModule.forRoot(), feature])).rejects.toThrow(/resolve dependencies/);
  });

  it('accepts a backend, so that an application can be tested while Redis fails', async () => {
    const chaos = new ChaosBackend(new MemoryBackend({ maxBytes: 100_000 }));
    const module = RedisCacheTestingModule.forRoot({ backend: chaos, health: { required: true } });
    const { cache, health } = (await start([module], [Answers])).get(Answers);
    await cache.cacheResponse('key', 'value');
    chaos.goDown();
    expect(await cache.getCachedResponse('key')).toBeNull();
    expect(await health.isHealthy()).toMatchObject({ redis: { status: 'down', state: 'unavailable' } });
  });

  it('fails with the name of a wrong option', async () => {
    await expect(start([RedisCacheTestingModule.forRoot({ ttlSeconds: -1 })])).rejects.toThrow(/^ttlSeconds/);
  });

  it('logs nothing, also when the backend fails', async () => {
    const lines: unknown[] = [];
    const note = (line: unknown): void => void lines.push(line);
    const logger: LoggerService = { log: note, warn: note, error: note };
    const chaos = new ChaosBackend(new MemoryBackend({ maxBytes: 100_000 }));
    const imports = [RedisCacheTestingModule.forRoot({ backend: chaos })];
    const app = await Test.createTestingModule({ imports }).setLogger(logger).compile();
    running.push(await app.init());
    lines.length = 0;
    chaos.goDown();
    await app.get(RedisCacheService).getCachedResponse('key');
    await app.get(RedisCacheService).cacheResponse('key', 1n);
    expect(lines).toEqual([]);
  });

  it('closes the cache with the application', async () => {
    const app = await start([RedisCacheTestingModule.forRoot({ name: 'x' })]);
    const cache = app.get(getRedisCacheToken('x'));
    await app.close();
    expect(cache.getStatus().phase).toBe('closed');
  });
});

describe('an application that imports the real module', () => {
  it('accepts a testing cache in place of the service', async () => {
    const cache = createTestingCache();
    const app = await Test.createTestingModule({ imports: [ApplicationModule] })
      .overrideProvider(RedisCacheService)
      .useValue(cache)
      .compile();
    running.push(await app.init());
    expect(app.get(Answers).cache).toBe(cache);
    expect(await app.get(Answers).health.isHealthy()).toMatchObject({ redis: { status: 'up' } });
    await app.close();
    expect(cache.getStatus().phase).toBe('closed');
  });
});
