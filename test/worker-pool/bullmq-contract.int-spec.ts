import { afterAll, beforeAll } from '@jest/globals';
import { RedisServer } from '@test/support/index.js';
import { poolContract } from './contract/index.js';
import { QueuePools } from './queue-pools.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

poolContract('bullmq', new QueuePools(() => ({ url: redis.url })));
