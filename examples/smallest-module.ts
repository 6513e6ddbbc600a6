/** The smallest use: a module, a service that caches what it computes, and Redis from `REDIS_URL`. */
import 'reflect-metadata';
import { Injectable, Logger, Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { NestFactory } from '@nestjs/core';
import { RedisCacheModule, RedisCacheService } from 'nestjs-redis-cache';

Logger.overrideLogger(['warn', 'error']);

@Injectable()
class Reports {
  #computed = 0;

  constructor(private readonly cache: RedisCacheService) {}

  monthly(month: string): Promise<string> {
    return this.cache.getOrSet(`report:${month}`, () => this.#compute(month), { ttlSeconds: 3600 });
  }

  // Slow and expensive in a real application.
  async #compute(month: string): Promise<string> {
    this.#computed += 1;
    return `report of ${month}, computed ${this.#computed} time`;
  }
}

@Module({
  imports: [ConfigModule.forRoot(), RedisCacheModule.forRootAsync()],
  providers: [Reports],
})
class AppModule {}

const app = await NestFactory.createApplicationContext(AppModule);
const reports = app.get(Reports);
console.log(await reports.monthly('may'));
console.log(await reports.monthly('may'));
await app.close();

// Output:
// report of may, computed 1 time
// report of may, computed 1 time
