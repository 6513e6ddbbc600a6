import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { HoldingProxy } from '@test/fixtures/redis-cache/holding-proxy.js';
import { untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { CutProxy, RedisServer, until } from '@test/support/index.js';

const ROUNDS = 40;
const FILLERS = 500;
const TAGS = ['tag'];

const INVALIDATIONS: [string, (cache: RedisCacheService) => Promise<boolean>][] = [
  ['delete', (cache) => cache.delete('key')],
  ['delete of several keys', (cache) => cache.delete(['another', 'key'])],
  ['invalidateTags', (cache) => cache.invalidateTags('tag')],
  ['clearCache', (cache) => cache.clearCache()],
];

const collect = (pieces: readonly string[]): string => pieces.join('');
const source = async function* (): AsyncGenerator<string> {
  yield 'new';
};

const READS: [string, (cache: RedisCacheService) => Promise<unknown>][] = [
  ['getOrSet', (cache) => cache.getOrSet('key', async () => 'new', { tags: TAGS })],
  [
    'getOrStream',
    async (cache) => {
      const stream = await cache.getOrStream('key', source, {
        collect,
        replay: (text) => [text],
        tags: TAGS,
      });
      const pieces: string[] = [];
      for await (const piece of stream) pieces.push(piece);
      return collect(pieces);
    },
  ],
];

describe('after an invalidation', () => {
  const caches = new Caches();
  let server: RedisServer;
  let proxy: HoldingProxy;
  let line: CutProxy;

  beforeAll(async () => {
    server = await RedisServer.start();
    proxy = await HoldingProxy.start(server);
    line = await CutProxy.start(server);
  });

  afterEach(async () => {
    proxy.release();
    await caches.closeAll();
  });

  afterAll(async () => {
    await proxy.stop();
    await line.stop();
    await server.stop();
  });

  const open = (at: { host: string; port: number }, keyPrefix: string, near?: object) =>
    caches.create({ connection: { host: at.host, port: at.port }, keyPrefix, ...(near && { near }) });

  it('no copy is served that was read while clearCache was running', async () => {
    const cache = open(server, freshPrefix(), {});
    await until(() => isListening(cache), { what: 'the near cache to keep copies' });
    for (let round = 0; round < ROUNDS; round += 1) {
      const fillers = Array.from({ length: FILLERS }, (_, index) => ({
        key: `filler ${index}`,
        response: 1,
      }));
      await cache.setMany([...fillers, { key: 'key', response: 'old' }]);
      const reading = new AbortController();
      const clearing = cache.clearCache().then((cleared) => {
        reading.abort();
        return [cleared, cache.lookupNear('key')];
      });
      while (!reading.signal.aborted) {
        await cache.getCachedResponse('key');
        // A near hit alone would not let the event loop go on.
        await setImmediate();
      }
      expect(await clearing).toEqual([true, undefined]);
    }
  });

  describe.each(READS)('%s', (_name, read) => {
    it.each(INVALIDATIONS)(
      'joins no look-up that Redis answered before %s in another process',
      async (_kind, invalidate) => {
        const prefix = freshPrefix();
        const [here, there] = [open(proxy, prefix), open(server, prefix)];
        await there.getOrSet('key', async () => 'old', { tags: TAGS });
        await here.isConnected();
        const before = await gets();
        proxy.hold();
        const first = read(here);
        await until(async () => (await gets()) > before, { what: 'the look-up to be answered' });
        expect(await invalidate(there)).toBe(true);
        const second = read(here);
        proxy.release();
        expect(await second).toBe('new');
        await first;
      },
    );

    // Without Redis it could not learn the versions of its tags.
    it('joins no computation that began while Redis was away, but did so until it was back', async () => {
      const prefix = freshPrefix();
      const [here, there] = [open(line.address, prefix), open(server, prefix)];
      await untilPhase(here, 'serving');
      line.cut();
      await untilPhase(here, 'unavailable');
      const old = deferred<string>();
      const first = here.getOrSet('key', () => old.promise, { tags: TAGS });
      await setImmediate();
      const joined = read(here);
      line.restore();
      await untilPhase(here, 'serving');
      expect(await there.invalidateTags('tag')).toBe(true);
      const late = read(here);
      // On the same connection, so its look-up was answered before.
      await here.isConnected();
      old.resolve('old');
      expect(await Promise.all([first, joined, late])).toEqual(['old', 'old', 'new']);
    });
  });

  async function gets(): Promise<number> {
    const stats = await server.client().info('commandstats');
    return Number(/^cmdstat_get:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
  }
});

/** A copy is kept only while changes can be heard. */
async function isListening(cache: RedisCacheService): Promise<boolean> {
  await cache.cacheResponse('probe', 1);
  await cache.getCachedResponse('probe');
  return cache.lookupNear('probe') !== undefined;
}
