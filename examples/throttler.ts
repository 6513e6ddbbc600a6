/** `@nestjs/throttler` with limits that all processes share, and that refuse nothing because of a fault of Redis. */
import 'reflect-metadata';
import { Controller, Get, Logger, Module } from '@nestjs/common';
import { APP_GUARD, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';
import { RedisThrottlerStorage } from 'nestjs-redis-cache/throttler';

Logger.overrideLogger(['warn', 'error']);

@Controller('time')
class TimeController {
  @Get()
  now(): { now: number } {
    return { now: performance.now() };
  }
}

@Module({
  imports: [
    RedisCacheModule.forRoot({ isGlobal: true, connection: { url: process.env['REDIS_URL'] } }),
    ThrottlerModule.forRootAsync({
      inject: [RedisCacheService],
      useFactory: (cache: RedisCacheService) => ({
        throttlers: [{ ttl: 60_000, limit: 2 }],
        storage: new RedisThrottlerStorage(cache),
      }),
    }),
  ],
  controllers: [TimeController],
  providers: [{ provide: APP_GUARD, useClass: ThrottlerGuard }],
})
class AppModule {}

async function start(): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
  await app.listen(0, '127.0.0.1');
  return app;
}

const apps = [await start(), await start()];
for (const app of [apps[0]!, apps[1]!, apps[0]!]) {
  const { status, headers } = await fetch(`${await app.getUrl()}/time`);
  console.log(status, headers.get('x-ratelimit-remaining') ?? `retry after ${headers.get('retry-after')} s`);
}
for (const app of apps) await app.close();

// Output:
// 200 1
// 200 0
// 429 retry after 60 s
