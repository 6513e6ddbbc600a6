import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer, until } from '@test/support/index.js';

const PROCESSES = 3;
const BEATS = 3;

describe('heartbeats of processes with a near cache', () => {
  const caches = new Caches();
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  it('go to their own process only, so that their number grows with the processes, not with its square', async () => {
    const keyPrefix = freshPrefix();
    const shared: string[] = [];
    const beats = new Map<string, number>();
    const observer = server.client().duplicate();
    observer.on('message', (_channel, message) => shared.push(message));
    observer.on('pmessage', (_pattern, channel) => beats.set(channel, (beats.get(channel) ?? 0) + 1));
    await observer.subscribe(`${keyPrefix}:events`);
    await observer.psubscribe(`${keyPrefix}:events:*`);
    const options = { connection: { url: server.url }, keyPrefix, near: {} };
    const [cache] = Array.from({ length: PROCESSES }, () => caches.create(options));

    const haveBeaten = (): boolean =>
      beats.size === PROCESSES && [...beats.values()].every((count) => count >= BEATS);
    await until(haveBeaten, { what: 'heartbeats of each process', timeoutMs: 30_000 });
    await cache!.getOrSet('key', () => 'value');
    await until(() => shared.length > 0, { what: 'the end of the computation' });

    expect(shared).toEqual([expect.stringMatching(/^e.{8}key$/)]);
    for (const channel of beats.keys()) {
      expect(await server.client().pubsub('NUMSUB', channel)).toEqual([channel, 1]);
    }
    await observer.quit();
  });
});
