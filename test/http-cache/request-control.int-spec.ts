import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer } from '@test/support/index.js';
import { type HttpApp, HttpApps, PLATFORMS, ifNoneMatch } from './http-app.js';
import { PagesController } from './pages.controller.js';

const apps = new HttpApps();
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterEach(async () => {
  jest.restoreAllMocks();
  await apps.closeAll();
});

afterAll(() => redis.stop());

async function entityTag(app: HttpApp): Promise<string> {
  return (await app.get('/pages/plain/a')).headers.get('etag')!;
}

function withCacheControl(cacheControl: string): Record<string, string> {
  return { 'Cache-Control': cacheControl };
}

describe.each(PLATFORMS)('a request to %s', (_platform, createAdapter) => {
  const start = (): Promise<HttpApp> =>
    apps.start(
      createAdapter,
      { connection: { url: redis.url }, keyPrefix: freshPrefix() },
      { controllers: [PagesController] },
    );

  describe('with If-None-Match', () => {
    it.each([
      ['the entity tag', (tag: string) => tag],
      ['a list with it', (tag: string) => `"x", ${tag}, "y"`],
      ['its weak form', (tag: string) => `W/${tag}`],
      ['*', () => '*'],
    ])('gets 304 for %s', async (_what, header) => {
      const app = await start();
      const tag = await entityTag(app);
      const result = await app.get('/pages/plain/a', ifNoneMatch(header(tag)));
      expect([result.status, result.body, result.cache]).toEqual([304, '', 'hit']);
      expect(result.headers.get('etag')).toBe(tag);
      expect(app.script.calls('a')).toBe(1);
    });

    it('gets 200 for another tag', async () => {
      const app = await start();
      await entityTag(app);
      const result = await app.get('/pages/plain/a', ifNoneMatch('"x"'));
      expect([result.status, result.body, result.cache]).toEqual([200, '{"name":"a","call":1}', 'hit']);
    });

    it('gets 304 also if a new computation yields the same body', async () => {
      const app = await start();
      app.script.on('a', () => 'the same');
      const headers = ifNoneMatch(await entityTag(app));
      await app.cache.clearCache();
      const result = await app.get('/pages/plain/a', headers);
      expect([result.status, result.body, result.cache]).toEqual([304, '', 'fwd=miss; stored']);
      expect((await app.get('/pages/plain/a')).body).toBe('the same');
      expect(app.script.calls('a')).toBe(2);
    });

    it('gets 304 to HEAD', async () => {
      const app = await start();
      const headers = ifNoneMatch(await entityTag(app));
      expect((await app.get('/pages/plain/a', headers, 'HEAD')).status).toBe(200);
      app.script.on('a', () => ({ name: 'a', call: 1 }));
      await app.cache.clearCache();
      expect((await app.get('/pages/plain/a', headers, 'HEAD')).status).toBe(304);
    });
  });

  it('gets 304 although fetch adds no-cache to If-None-Match, if the handler yields the same body', async () => {
    const app = await start();
    app.script.on('a', () => 'the same');
    const result = await app.get('/pages/plain/a', { 'If-None-Match': await entityTag(app) });
    expect([result.status, result.cache, app.script.calls('a')]).toEqual([304, 'fwd=request; stored', 2]);
  });

  describe('with Cache-Control', () => {
    it('no-cache: runs the handler and stores its response', async () => {
      const app = await start();
      await app.get('/pages/plain/a');
      const fresh = await app.get('/pages/plain/a', withCacheControl('no-cache'));
      const after = await app.get('/pages/plain/a');
      expect([fresh.body, fresh.cache]).toEqual(['{"name":"a","call":2}', 'fwd=request; stored']);
      expect([after.body, after.cache]).toEqual(['{"name":"a","call":2}', 'hit']);
    });

    it('no-store: neither reads nor stores', async () => {
      const app = await start();
      const first = await app.get('/pages/plain/a', withCacheControl('no-store'));
      expect([first.body, first.cache]).toEqual(['{"name":"a","call":1}', 'fwd=request']);
      const second = await app.get('/pages/plain/a');
      expect([second.body, second.cache]).toEqual(['{"name":"a","call":2}', 'fwd=miss; stored']);
      const third = await app.get('/pages/plain/a', withCacheControl('no-store'));
      expect([third.body, third.cache]).toEqual(['{"name":"a","call":3}', 'fwd=request']);
      expect((await app.get('/pages/plain/a')).body).toBe(second.body);
    });

    it('max-age: runs the handler again for an older response', async () => {
      const app = await start();
      await app.get('/pages/plain/a');
      const later = Date.now() + 10_000;
      jest.spyOn(Date, 'now').mockReturnValue(later);
      const young = await app.get('/pages/plain/a', withCacheControl('max-age=20'));
      expect([young.body, young.cache]).toEqual(['{"name":"a","call":1}', 'hit']);
      const old = await app.get('/pages/plain/a', withCacheControl('max-age=9'));
      expect([old.body, old.cache]).toEqual(['{"name":"a","call":2}', 'fwd=request; stored']);
      expect((await app.get('/pages/plain/a', withCacheControl('max-age=9'))).cache).toBe('hit');
    });

    it('max-age: runs the handler once if nothing is stored', async () => {
      const app = await start();
      const result = await app.get('/pages/plain/a', withCacheControl('max-age=5'));
      expect([result.cache, app.script.calls('a')]).toEqual(['fwd=miss; stored', 1]);
      await app.get('/pages/plain/a', withCacheControl('max-age=0'));
      expect(app.script.calls('a')).toBe(2);
    });

    it('only-if-cached: 504 if nothing is stored, and the handler does not run', async () => {
      const app = await start();
      expect((await app.get('/pages/plain/a', withCacheControl('only-if-cached'))).status).toBe(504);
      expect(app.script.calls('a')).toBe(0);
      await app.get('/pages/plain/a');
      const result = await app.get('/pages/plain/a', withCacheControl('only-if-cached'));
      expect([result.status, result.body, result.cache]).toEqual([200, '{"name":"a","call":1}', 'hit']);
    });

    it.each(['max-age=5', 'no-cache', 'no-store'])(
      'only-if-cached, %s: 504 if the stored response is not acceptable',
      async (more) => {
        const app = await start();
        await app.get('/pages/plain/a');
        const later = Date.now() + 10_000;
        jest.spyOn(Date, 'now').mockReturnValue(later);
        expect((await app.get('/pages/plain/a', withCacheControl(`only-if-cached, ${more}`))).status).toBe(
          504,
        );
        expect(app.script.calls('a')).toBe(1);
      },
    );

    it('has no effect with honourCacheControl: false', async () => {
      const app = await start();
      await app.get('/pages/ignoring-directives/a', withCacheControl('no-store'));
      for (const directive of ['no-cache', 'no-store', 'max-age=0']) {
        expect((await app.get('/pages/ignoring-directives/a', withCacheControl(directive))).cache).toBe(
          'hit',
        );
      }
    });
  });
});
