import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer } from '@test/support/index.js';
import { type HttpApp, HttpApps, PLATFORMS, unless } from './http-app.js';
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

function asking(cacheControl: string): Record<string, string> {
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
      const answer = await app.get('/pages/plain/a', unless(header(tag)));
      expect([answer.status, answer.body, answer.cache]).toEqual([304, '', 'hit']);
      expect(answer.headers.get('etag')).toBe(tag);
      expect(app.desk.calls('a')).toBe(1);
    });

    it('gets 200 for another tag', async () => {
      const app = await start();
      await entityTag(app);
      const answer = await app.get('/pages/plain/a', unless('"x"'));
      expect([answer.status, answer.body, answer.cache]).toEqual([200, '{"name":"a","call":1}', 'hit']);
    });

    it('gets 304 also from a fresh computation that comes to the same', async () => {
      const app = await start();
      app.desk.on('a', () => 'the same');
      const headers = unless(await entityTag(app));
      await app.cache.clearCache();
      const answer = await app.get('/pages/plain/a', headers);
      expect([answer.status, answer.body, answer.cache]).toEqual([304, '', 'fwd=miss; stored']);
      expect((await app.get('/pages/plain/a')).body).toBe('the same');
      expect(app.desk.calls('a')).toBe(2);
    });

    it('gets 304 to HEAD', async () => {
      const app = await start();
      const headers = unless(await entityTag(app));
      expect((await app.get('/pages/plain/a', headers, 'HEAD')).status).toBe(200);
      app.desk.on('a', () => ({ name: 'a', call: 1 }));
      await app.cache.clearCache();
      expect((await app.get('/pages/plain/a', headers, 'HEAD')).status).toBe(304);
    });
  });

  it('gets 304 although fetch adds no-cache to If-None-Match, if the handler comes to the same', async () => {
    const app = await start();
    app.desk.on('a', () => 'the same');
    const answer = await app.get('/pages/plain/a', { 'If-None-Match': await entityTag(app) });
    expect([answer.status, answer.cache, app.desk.calls('a')]).toEqual([304, 'fwd=request; stored', 2]);
  });

  describe('with Cache-Control', () => {
    it('no-cache: computes anew and stores that', async () => {
      const app = await start();
      await app.get('/pages/plain/a');
      const anew = await app.get('/pages/plain/a', asking('no-cache'));
      const after = await app.get('/pages/plain/a');
      expect([anew.body, anew.cache]).toEqual(['{"name":"a","call":2}', 'fwd=request; stored']);
      expect([after.body, after.cache]).toEqual(['{"name":"a","call":2}', 'hit']);
    });

    it('no-store: neither reads nor stores', async () => {
      const app = await start();
      const first = await app.get('/pages/plain/a', asking('no-store'));
      expect([first.body, first.cache]).toEqual(['{"name":"a","call":1}', 'fwd=request']);
      const second = await app.get('/pages/plain/a');
      expect([second.body, second.cache]).toEqual(['{"name":"a","call":2}', 'fwd=miss; stored']);
      const third = await app.get('/pages/plain/a', asking('no-store'));
      expect([third.body, third.cache]).toEqual(['{"name":"a","call":3}', 'fwd=request']);
      expect((await app.get('/pages/plain/a')).body).toBe(second.body);
    });

    it('max-age: computes anew what is older', async () => {
      const app = await start();
      await app.get('/pages/plain/a');
      const later = Date.now() + 10_000;
      jest.spyOn(Date, 'now').mockReturnValue(later);
      const young = await app.get('/pages/plain/a', asking('max-age=20'));
      expect([young.body, young.cache]).toEqual(['{"name":"a","call":1}', 'hit']);
      const old = await app.get('/pages/plain/a', asking('max-age=9'));
      expect([old.body, old.cache]).toEqual(['{"name":"a","call":2}', 'fwd=request; stored']);
      expect((await app.get('/pages/plain/a', asking('max-age=9'))).cache).toBe('hit');
    });

    it('max-age: runs the handler once where nothing is stored', async () => {
      const app = await start();
      const answer = await app.get('/pages/plain/a', asking('max-age=5'));
      expect([answer.cache, app.desk.calls('a')]).toEqual(['fwd=miss; stored', 1]);
      await app.get('/pages/plain/a', asking('max-age=0'));
      expect(app.desk.calls('a')).toBe(2);
    });

    it('only-if-cached: 504 when nothing is stored, and the handler is not run', async () => {
      const app = await start();
      expect((await app.get('/pages/plain/a', asking('only-if-cached'))).status).toBe(504);
      expect(app.desk.calls('a')).toBe(0);
      await app.get('/pages/plain/a');
      const answer = await app.get('/pages/plain/a', asking('only-if-cached'));
      expect([answer.status, answer.body, answer.cache]).toEqual([200, '{"name":"a","call":1}', 'hit']);
    });

    it.each(['max-age=5', 'no-cache', 'no-store'])(
      'only-if-cached, %s: 504 when that is asked too much',
      async (more) => {
        const app = await start();
        await app.get('/pages/plain/a');
        const later = Date.now() + 10_000;
        jest.spyOn(Date, 'now').mockReturnValue(later);
        expect((await app.get('/pages/plain/a', asking(`only-if-cached, ${more}`))).status).toBe(504);
        expect(app.desk.calls('a')).toBe(1);
      },
    );

    it('nothing of it, where the handler does not honour it', async () => {
      const app = await start();
      await app.get('/pages/obstinate/a', asking('no-store'));
      for (const directive of ['no-cache', 'no-store', 'max-age=0']) {
        expect((await app.get('/pages/obstinate/a', asking(directive))).cache).toBe('hit');
      }
    });
  });
});
