import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';

const QUEUES = 200;
const CHECKS = 3;

describe('consumers of empty queues', () => {
  const caches = new Caches();
  let server: RedisServer;
  let cache: RedisCacheService;
  let prefix: string;
  let handled: unknown[];

  beforeAll(async () => {
    LogCapture.start();
    server = await RedisServer.start();
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  const consume = (count: number): void => {
    prefix = freshPrefix();
    handled = [];
    cache = caches.create({ connection: { url: server.url }, keyPrefix: prefix });
    for (let index = 0; index < count; index += 1) {
      const handler = ({ data }: { data: unknown }): void => void handled.push(data);
      cache.queue(`queue ${index}`).createConsumer({ handler }).start();
    }
  };

  /** How many scripts Redis has run for clients. */
  const scripts = async (): Promise<number> => {
    const stats = await server.client().info('commandstats');
    return Number(/^cmdstat_evalsha:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
  };

  const untilScripts = (count: number): Promise<unknown> =>
    until(async () => (await scripts()) >= count, { what: `${count} scripts`, timeoutMs: 30_000 });

  it('share one command a second, however many queues there are', async () => {
    const before = await scripts();
    consume(QUEUES);
    // One fetch at the start of each, and one check of all when the notifications begin.
    await untilScripts(before + QUEUES + 1);
    const settled = await scripts();
    await untilScripts(settled + CHECKS);
    expect((await scripts()) - settled).toBeLessThan(CHECKS + QUEUES / 4);
  });

  it('find requests that nobody announced', async () => {
    consume(3);
    const client = server.client();
    for (const index of [0, 2]) {
      await client.xadd(`${prefix}:queue:{queue ${index}}`, '*', 'request', `"in ${index}"`);
    }
    await until(() => handled.length === 2, { what: 'both requests' });
    expect(handled.toSorted()).toEqual(['in 0', 'in 2']);
  });
});
