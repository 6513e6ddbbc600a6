import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACL_PASSWORD, grantFromDocs, refusals } from '@test/fixtures/acl-users.js';
import { RedisServer, until } from '@test/support/index.js';
import { poolContract } from './contract/index.js';
import { QueuePools } from './queue-pools.js';

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
  await grantFromDocs(redis.client(), 'pool', ['pool']);
});

afterAll(() => redis.stop());

describe('a user with the rights that docs/security.md lists', () => {
  const pools = new QueuePools(() => ({
    host: redis.host,
    port: redis.port,
    username: 'pool',
    password: ACL_PASSWORD,
  }));

  poolContract('bullmq', pools);

  it('may limit the rate and the concurrency of all workers', async () => {
    const limits = { globalConcurrency: 2, rateLimit: { max: 1, durationMs: 50 } };
    const { pool, executor } = await pools.open(limits);
    const runs = [1, 2, 3].map((number) => pool.run({ prompt: String(number) }, { priority: number }));
    for (let call = 0; call < 3; call += 1) (await executor.call(call)).complete();
    expect(await Promise.all(runs)).toHaveLength(3);
    await until(async () => (await pool.stats()).completed === 3, { what: 'the counters' });
    await pools.closeAll();
  });

  it('was refused nothing', async () => {
    expect(await refusals(redis.client(), 'pool')).toEqual([]);
  });
});
