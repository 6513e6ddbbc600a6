import { CacheModule } from '@nestjs/cache-manager';
import { Module } from '@nestjs/common';
import { ConfigModule, ConfigService } from '@nestjs/config';
import { TerminusModule } from '@nestjs/terminus';
import { ThrottlerModule } from '@nestjs/throttler';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { KeyvRedisCache } from 'nestjs-redis-cache/keyv';
import { RedisThrottlerStorage } from 'nestjs-redis-cache/throttler';
import { OfflineExecutor, WorkerPoolModule, type WorkerPoolOptions } from 'nestjs-worker-pool';
import { WorkerPoolHealthModule } from 'nestjs-worker-pool/health';
import { ArticlesController } from './articles.controller.js';
import { Articles } from './articles.service.js';
import { HealthController } from './health.controller.js';
import { LimitedController } from './limited.controller.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true }),
    TerminusModule,
    RedisCacheModule.forRootAsync({ isGlobal: true }),
    WorkerPoolModule.forRootAsync({
      isGlobal: true,
      inject: [ConfigService],
      useFactory: (config: ConfigService): WorkerPoolOptions => poolOptions(config),
    }),
    WorkerPoolHealthModule,
    CacheModule.registerAsync({
      inject: [RedisCacheService],
      useFactory: (cache: RedisCacheService) => ({ stores: [new KeyvRedisCache(cache)], namespace: 'app' }),
    }),
    ThrottlerModule.forRootAsync({
      inject: [RedisCacheService],
      useFactory: (cache: RedisCacheService) => ({
        throttlers: [{ ttl: 60_000, limit: 2 }],
        storage: new RedisThrottlerStorage(cache),
      }),
    }),
  ],
  controllers: [ArticlesController, HealthController, LimitedController],
  providers: [Articles],
})
export class AppModule {}

function poolOptions(config: ConfigService): WorkerPoolOptions {
  const executor = new OfflineExecutor();
  return config.get('WORKER_POOL') === 'bullmq'
    ? { driver: 'bullmq', executor, connection: { url: config.getOrThrow<string>('REDIS_URL') } }
    : { executor };
}
