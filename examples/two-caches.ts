/** Two caches in one application: answers that live for an hour, sessions for 15 minutes. Clearing one leaves the other. */
import 'reflect-metadata';
import { Injectable, Logger, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { InjectRedisCache, RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';

Logger.overrideLogger(['warn', 'error']);

@Injectable()
class Shop {
  constructor(
    private readonly answers: RedisCacheService,
    @InjectRedisCache('sessions') private readonly sessions: RedisCacheService,
  ) {}

  async run(): Promise<unknown[]> {
    await this.answers.cacheResponse('question', 'answer');
    await this.sessions.cacheResponse('ada', { cart: ['book'] });
    await this.answers.clearCache();
    return [await this.answers.getCachedResponse('question'), await this.sessions.getCachedResponse('ada')];
  }
}

const connection = { url: process.env['REDIS_URL'] };

@Module({
  imports: [
    RedisCacheModule.forRoot({ connection, keyPrefix: 'answers', ttlSeconds: 3600 }),
    RedisCacheModule.forRoot({ connection, name: 'sessions', keyPrefix: 'sessions', ttlSeconds: 900 }),
  ],
  providers: [Shop],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
for (const value of await app.get(Shop).run()) console.log(JSON.stringify(value));
await app.close();

// Output:
// null
// {"cart":["book"]}
