/** Keyv's own tests of a store, with the store of this library. */
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite';
import { Keyv } from 'keyv';
import { createRedisCache } from 'nestjs-redis-cache/core';
import { KeyvRedisCache } from 'nestjs-redis-cache/keyv';
import * as vitest from 'vitest';

const cache = createRedisCache({ connection: { url: process.env.REDIS_URL } });
vitest.afterAll(() => cache.close());

keyvTestSuite(vitest, Keyv, () => new KeyvRedisCache(cache));
keyvIteratorTests(vitest, Keyv, () => new KeyvRedisCache(cache));
