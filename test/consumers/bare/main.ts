/** An application without the optional packages: no @nestjs/config, no @nestjs/terminus, no platform. */
import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cached, RedisCacheHealthIndicator, RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';

@Injectable()
class Numbers {
  #calls = 0;

  @Cached()
  async next(): Promise<number> {
    this.#calls += 1;
    return this.#calls;
  }
}

@Module({
  imports: [RedisCacheModule.forRoot({ connection: { url: process.env['REDIS_URL'] } })],
  providers: [Numbers],
})
class AppModule {}

async function run(): Promise<void> {
  const app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  app.enableShutdownHooks();
  await app.get(RedisCacheService, { strict: false }).clearCache();
  const numbers = app.get(Numbers);
  const { redis } = await app.get(RedisCacheHealthIndicator, { strict: false }).isHealthy('redis');
  console.log(
    JSON.stringify({ numbers: [await numbers.next(), await numbers.next()], status: redis.status as string }),
  );
  await app.close();

  const needsConfig = await NestFactory.createApplicationContext(withoutOptions(), {
    logger: false,
    abortOnError: false,
  }).then(
    () => 'started',
    (error: Error) => error.message,
  );
  console.log(needsConfig);
}

function withoutOptions(): new () => object {
  @Module({ imports: [RedisCacheModule.forRootAsync()] })
  class WithoutOptions {}
  return WithoutOptions;
}

void run();
