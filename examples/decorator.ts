/** `@Cached()` on a method: it runs once for simultaneous callers, and again after its tag is invalidated. */
import 'reflect-metadata';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { Cached, RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';

Logger.overrideLogger(['warn', 'error']);

@Injectable()
class Prices {
  #reads = 0;

  @Cached({ key: (product: string) => `price:${product}`, tags: ['prices'], ttlSeconds: 600 })
  async of(product: string): Promise<string> {
    this.#reads += 1;
    return `${product}: read ${this.#reads}`;
  }
}

@Module({
  imports: [RedisCacheModule.forRoot({ connection: { url: process.env['REDIS_URL'] } })],
  providers: [Prices],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
const prices = app.get(Prices);
console.log(await Promise.all([prices.of('tea'), prices.of('tea')]));
await app.get(RedisCacheService, { strict: false }).invalidateTags('prices');
console.log(await prices.of('tea'));
await app.close();

// Output:
// [ 'tea: read 1', 'tea: read 1' ]
// tea: read 2
