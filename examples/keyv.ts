/** `@nestjs/cache-manager` on this cache, by one line: `stores: [new KeyvRedisCache(cache)]`. */
import 'reflect-metadata';
import { type Cache, CACHE_MANAGER, CacheModule } from '@nestjs/cache-manager';
import { Inject, Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { KeyvRedisCache } from 'nestjs-redis-cache/keyv';

Logger.overrideLogger(['warn', 'error']);

@Injectable()
class Reports {
  #runs = 0;

  constructor(@Inject(CACHE_MANAGER) private readonly cache: Cache) {}

  monthly(month: string): Promise<{ month: string; run: number }> {
    return this.cache.wrap(`report:${month}`, async () => ({ month, run: (this.#runs += 1) }), 60_000);
  }
}

@Module({
  imports: [
    RedisCacheModule.forRoot({ isGlobal: true, connection: { url: process.env['REDIS_URL'] } }),
    CacheModule.registerAsync({
      inject: [RedisCacheService],
      useFactory: (cache: RedisCacheService) => ({
        stores: [new KeyvRedisCache(cache)],
        namespace: 'app',
      }),
    }),
  ],
  providers: [Reports],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
const reports = app.get(Reports);
console.log(await reports.monthly('2026-11'));
console.log(await reports.monthly('2026-11'));
await app.get<Cache>(CACHE_MANAGER, { strict: false }).clear();
console.log(await reports.monthly('2026-11'));
await app.close();

// Output:
// { month: '2026-11', run: 1 }
// { month: '2026-11', run: 1 }
// { month: '2026-11', run: 2 }
