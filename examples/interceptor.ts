/** `HttpCacheInterceptor` on a controller: the second request is a hit, with `Cache-Status`. */
import 'reflect-metadata';
import { Controller, Get, Logger, Module, UseInterceptors } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { RedisCacheModule } from 'nestjs-redis-cache';
import { HttpCache, HttpCacheInterceptor } from 'nestjs-redis-cache/http';

Logger.overrideLogger(['warn', 'error']);

@Controller('time')
@UseInterceptors(HttpCacheInterceptor)
class TimeController {
  @Get()
  @HttpCache({ ttlSeconds: 60 })
  now(): { now: number } {
    return { now: performance.now() };
  }
}

@Module({
  imports: [RedisCacheModule.forRoot({ isGlobal: true, connection: { url: process.env['REDIS_URL'] } })],
  controllers: [TimeController],
})
class AppModule {}

const app = await NestFactory.create<NestFastifyApplication>(AppModule, new FastifyAdapter());
await app.listen(0, '127.0.0.1');
const request = async (): Promise<[status: string, body: string]> => {
  const response = await fetch(`${await app.getUrl()}/time`);
  return [response.headers.get('cache-status')!, await response.text()];
};
const [[first, computed], [second, served]] = [await request(), await request()];
console.log(first);
console.log(second.replace(/\d+/, '…'), served === computed);
await app.close();

// Output:
// redis-cache; fwd=miss; stored
// redis-cache; hit; ttl=… true
