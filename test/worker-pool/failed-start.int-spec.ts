import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer, spawnNode, until, within } from '@test/support/index.js';

const SCRIPT = 'test/fixtures/failing-start-pool.mjs';

describe('an application with a pool over BullMQ', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  afterAll(() => redis.stop());

  it.each([
    ['compile', 'both'],
    ['compile', 'worker'],
    ['init', 'producer'],
    ['init', 'both'],
  ])('that fails in %s is not kept alive by the connections of the role %s', async (FAIL, ROLE) => {
    const app = spawnNode(SCRIPT, { env: { FAIL, ROLE, REDIS_URL: redis.url } });
    await app.waitForLine(/^pool offline/);
    await app.waitForLine(/^failed: cannot/);
    expect(await within(app.exited, { what: 'the process to end' })).toMatchObject({ code: 0 });
  });

  it('that has started is kept alive, and its worker works without a call', async () => {
    const app = spawnNode(SCRIPT, { env: { FAIL: 'nothing', ROLE: 'worker', REDIS_URL: redis.url } });
    await app.waitForLine(/^started/);
    const client = redis.client();
    await until(async () => (await client.keys('*worker-pool*')).length > 0, {
      what: 'the worker to report',
    });
    expect(app.signal('SIGTERM')).toBe(true);
    expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});
