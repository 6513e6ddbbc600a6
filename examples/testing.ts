/** A test of a service that caches, without Redis: a TTL passes at once. It looks the same in Jest and Vitest. */
import 'reflect-metadata';
import assert from 'node:assert/strict';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { RedisCacheService } from 'nestjs-redis-cache';
import { FakeClock, RedisCacheTestingModule } from 'nestjs-redis-cache/testing';

@Injectable()
class Rates {
  reads = 0;

  constructor(private readonly cache: RedisCacheService) {}

  euro(): Promise<number> {
    return this.cache.getOrSet('euro', async () => (this.reads += 1), { ttlSeconds: 60 });
  }
}

const module = await Test.createTestingModule({
  imports: [RedisCacheTestingModule.forRoot()],
  providers: [Rates],
}).compile();
const rates = module.get(Rates);

await rates.euro();
await rates.euro();
assert.equal(rates.reads, 1);

module.get(FakeClock).advance(60_000);
await rates.euro();
assert.equal(rates.reads, 2);

await module.close();
console.log('passed');

// Output:
// passed
