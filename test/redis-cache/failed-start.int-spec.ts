import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { freePort, RedisServer, spawnNode, until, within } from '@test/support/index.js';

const SCRIPT = 'test/fixtures/failing-start.mjs';

describe('an application that fails to start', () => {
  let redis: RedisServer;

  beforeAll(async () => {
    redis = await RedisServer.start();
  });

  afterAll(() => redis.stop());

  it.each(['compile', 'init'])('in %s is not kept alive by connections', async (FAIL) => {
    const app = spawnNode(SCRIPT, { env: { FAIL, REDIS_URL: redis.url } });
    await app.waitForLine(/^stored/);
    await app.waitForLine(/^failed: cannot/);
    expect(await within(app.exited, { what: 'the process to end' })).toMatchObject({ code: 0 });
  });

  it('nor by attempts to connect', async () => {
    const REDIS_URL = `redis://127.0.0.1:${await freePort()}`;
    const app = spawnNode(SCRIPT, { env: { FAIL: 'compile', REDIS_URL } });
    await app.waitForLine(/^failed: cannot/);
    expect(await within(app.exited, { what: 'the process to end' })).toMatchObject({ code: 0 });
  });

  it('is told apart from one that has started, which goes on', async () => {
    const app = spawnNode(SCRIPT, { env: { FAIL: 'nothing', REDIS_URL: redis.url } });
    await app.waitForLine(/^started value/);
    const client = redis.client();
    const connections = async (): Promise<number> =>
      (String(await client.client('LIST')).match(/cmd=(subscribe|get)/g) ?? []).length;
    await until(async () => (await connections()) >= 2, { what: 'both connections' });
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    const end = performance.now() + 1_000;
    await until(() => performance.now() > end, { what: 'a second' });
    expect(app.signal('SIGTERM')).toBe(true);
    expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});
