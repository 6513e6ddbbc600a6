import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { type HealthCheckResult, HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Redis } from 'ioredis';
import { Keyv } from 'keyv';
import {
  Cached,
  type CacheResult,
  cacheKey,
  InjectRedisCache,
  RedisCacheHealthIndicator,
  RedisCacheModule,
  type RedisCacheOptions,
  RedisCacheService,
} from 'nestjs-redis-cache';
import { redisCacheConfig } from 'nestjs-redis-cache/config';
import { createRedisCache, RedisCacheService as ServiceOfCore } from 'nestjs-redis-cache/core';
import { getRedisCacheHealthToken } from 'nestjs-redis-cache/health';
import { HttpCache, HttpCacheInterceptor } from 'nestjs-redis-cache/http';
import { KeyvRedisCache } from 'nestjs-redis-cache/keyv';
import { registerCacheTelemetry, type TelemetryOptions } from 'nestjs-redis-cache/opentelemetry';
import { registerCacheMetrics } from 'nestjs-redis-cache/prometheus';
import { FakeClock, RedisCacheTestingModule } from 'nestjs-redis-cache/testing';
import { RedisThrottlerStorage } from 'nestjs-redis-cache/throttler';
import {
  AnthropicExecutor,
  type Executor,
  OfflineExecutor,
  WorkerPool,
  WorkerPoolModule,
} from 'nestjs-worker-pool';
import { createWorkerPool } from 'nestjs-worker-pool/core';
import { WorkerPoolHealthIndicator, WorkerPoolHealthModule } from 'nestjs-worker-pool/health';
import { registerPoolTelemetry } from 'nestjs-worker-pool/opentelemetry';
import { registerPoolMetrics } from 'nestjs-worker-pool/prometheus';

interface Answer {
  text: string;
}

@Injectable()
export class Answers {
  constructor(
    private readonly cache: RedisCacheService,
    @InjectRedisCache('second') private readonly second: RedisCacheService,
    private readonly pool: WorkerPool,
  ) {}

  @Cached({ key: (id: string) => `answer:${id}`, ttlSeconds: 60 })
  async find(id: string): Promise<Answer> {
    const { completion } = await this.pool.run({ prompt: id, max_tokens: 10 });
    return { text: completion ?? '' };
  }

  async entry(question: string): Promise<CacheResult<Answer>> {
    const found: Answer | null = await this.second.getCachedResponse<Answer>('x');
    return this.cache.getOrSetEntry(cacheKey({ question }), async () => found ?? { text: question });
  }
}

@Controller('health')
export class Health {
  constructor(
    private readonly health: HealthCheckService,
    private readonly redis: RedisCacheHealthIndicator,
    private readonly pool: WorkerPoolHealthIndicator,
  ) {}

  @Get()
  @HttpCache(false)
  check(): Promise<HealthCheckResult> {
    return this.health.check([() => this.redis.isHealthy('redis'), () => this.pool.isHealthy('pool')]);
  }
}

export const options: RedisCacheOptions = {
  connection: { client: new Redis({ lazyConnect: true }), redisOptions: undefined },
  near: { maxEntries: 10 },
};

// @ts-expect-error: the types of the options reach the user
export const wrong: RedisCacheOptions = { near: { maxEntries: 'many' } };

// The class is the same by every entry: its private members make declarations of two files incompatible.
export const cache: RedisCacheService = createRedisCache(options) satisfies ServiceOfCore;
export const executor: Executor = new AnthropicExecutor({ apiKey: 'none' });
export const pool: WorkerPool = createWorkerPool({ executor: new OfflineExecutor() });
export const storage = new RedisThrottlerStorage(cache, { whenUnavailable: 'allow' });
export const keyv = new Keyv<Answer>({ store: new KeyvRedisCache(cache), namespace: 'answers' });
export function register(telemetry: TelemetryOptions): () => void {
  registerCacheTelemetry(telemetry);
  return registerPoolTelemetry(telemetry);
}
export const others = [
  FakeClock,
  HttpCacheInterceptor,
  registerCacheMetrics,
  registerPoolMetrics,
  getRedisCacheHealthToken(),
];

@Module({
  imports: [
    TerminusModule,
    RedisCacheModule.forRootAsync({ isGlobal: true }),
    RedisCacheModule.forRootAsync({ ...redisCacheConfig.asProvider(), name: 'second' }),
    RedisCacheTestingModule.forRoot({ name: 'third' }),
    WorkerPoolModule.forRoot({ executor: new OfflineExecutor(), isGlobal: true }),
    WorkerPoolHealthModule,
  ],
  controllers: [Health],
  providers: [Answers],
})
export class AppModule {}
