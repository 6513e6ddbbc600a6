import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer, until } from '@test/support/index.js';
import { type HttpApp, HttpApps, PLATFORMS, ifNoneMatch } from './http-app.js';
import { PagesController, versioned } from './pages.controller.js';

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

/** Stops the clock of this process, so that ages are exact; the clock of Redis keeps running. */
function stopClock(): { pass(seconds: number): void } {
  const stopped = Date.now();
  const clock = jest.spyOn(Date, 'now').mockReturnValue(stopped);
  return { pass: (seconds) => void clock.mockReturnValue(stopped + seconds * 1000) };
}

describe.each(PLATFORMS)('HttpCacheInterceptor on %s', (_platform, createAdapter) => {
  const start = (keyPrefix = freshPrefix()): Promise<HttpApp> =>
    apps.start(
      createAdapter,
      { connection: { url: redis.url }, keyPrefix },
      { controllers: [PagesController] },
    );

  it('serves the second request from the cache, identical to the byte', async () => {
    const clock = stopClock();
    const app = await start();
    const first = await app.get('/pages/plain/a');
    clock.pass(10);
    const second = await app.get('/pages/plain/a');
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(first.body).toBe('{"name":"a","call":1}');
    expect(second.body).toBe(first.body);
    expect(second.headers.get('content-type')).toBe(first.headers.get('content-type'));
    expect(first.headers.get('cache-status')).toBe('redis-cache; fwd=miss; stored');
    expect(second.headers.get('cache-status')).toBe('redis-cache; hit; ttl=90');
    expect([first.headers.get('age'), second.headers.get('age')]).toEqual([null, '10']);
    expect(app.script.calls('a')).toBe(1);
  });

  it('shares responses among all processes on one Redis', async () => {
    const prefix = freshPrefix();
    const [one, two] = [await start(prefix), await start(prefix)];
    await one.get('/pages/plain/a');
    expect((await two.get('/pages/plain/a')).cache).toBe('hit');
    expect(two.script.calls('a')).toBe(0);
  });

  it('distinguishes queries, regardless of their order', async () => {
    const app = await start();
    await app.get('/pages/plain/a?x=1&y=2');
    expect((await app.get('/pages/plain/a?y=2&x=1')).cache).toBe('hit');
    expect((await app.get('/pages/plain/a?y=1&x=2')).cache).toBe('fwd=miss; stored');
  });

  it('caches text, and the headers that the handler sets', async () => {
    const app = await start();
    app.script.on('a', (call) => `a;${call}`);
    const [first, second] = [await app.get('/pages/with-headers/a'), await app.get('/pages/with-headers/a')];
    for (const { body, headers } of [first, second]) {
      expect([body, headers.get('x-page'), headers.get('content-type')]).toEqual([
        'a;1',
        'a',
        'text/csv; charset=utf-8',
      ]);
    }
    expect(second.cache).toBe('hit');
  });

  it('serves HEAD without a body, with the headers of a response', async () => {
    const app = await start();
    const [first, second] = [
      await app.get('/pages/plain/a', {}, 'HEAD'),
      await app.get('/pages/plain/a', {}, 'HEAD'),
    ];
    expect([first.body, second.body, second.cache]).toEqual(['', '', 'hit']);
    expect(second.headers.get('etag')).toMatch(/^"[\w-]{43}"$/);
  });

  it('does not cache other methods', async () => {
    const app = await start();
    const results = [
      await app.get('/pages/plain/a', {}, 'POST'),
      await app.get('/pages/plain/a', {}, 'POST'),
    ];
    expect(results.map(({ body, cache }) => [body, cache])).toEqual([
      ['{"name":"a","call":1}', ''],
      ['{"name":"a","call":2}', ''],
    ]);
  });

  it('runs the handler again after an invalidation by tag or by key', async () => {
    const app = await start();
    await app.get('/pages/plain/a');
    await app.cache.invalidateTags('pages');
    expect((await app.get('/pages/plain/a')).body).toBe('{"name":"a","call":2}');
    await app.get('/pages/keyed/b');
    await app.cache.invalidateTags('keyed');
    await app.get('/pages/keyed/b');
    await app.cache.delete('page:/pages/keyed/b');
    expect((await app.get('/pages/keyed/b')).body).toBe('{"name":"b","call":3}');
  });

  it('works if it is applied to a handler twice', async () => {
    const app = await start();
    await app.get('/pages/twice/a');
    expect((await app.get('/pages/twice/a')).cache).toBe('hit');
  });

  it('keeps the versions of a URL apart', async () => {
    const controllers = [versioned('1'), versioned('2')];
    const app = await apps.start(createAdapter, { connection: { url: redis.url } }, { controllers });
    const bodies = [];
    for (const version of ['1', '2', '1']) {
      bodies.push((await app.get('/versioned', { 'X-Version': version })).body);
    }
    expect(bodies).toEqual(['version 1', 'version 2', 'version 1']);
  });

  it('serves a value past its TTL when the handler fails', async () => {
    const clock = stopClock();
    const app = await start();
    const first = await app.get('/pages/durable/a');
    app.script.on('a', () => {
      throw new Error('out of order');
    });
    clock.pass(200);
    const second = await app.get('/pages/durable/a');
    expect([second.status, second.body, second.cache]).toEqual([200, first.body, 'fwd=stale']);
    expect(second.headers.get('age')).toBe('200');
  });

  it('refreshes ahead in the background', async () => {
    const clock = stopClock();
    const app = await start();
    await app.get('/pages/ahead/a');
    clock.pass(60);
    expect((await app.get('/pages/ahead/a')).body).toBe('{"name":"a","call":1}');
    await app.script.called('a', 2);
    const refreshed = await until(
      async () => {
        const result = await app.get('/pages/ahead/a');
        return result.body === '{"name":"a","call":2}' && result;
      },
      { what: 'the refreshed page' },
    );
    expect([refreshed.status, refreshed.cache, refreshed.headers.get('age')]).toEqual([200, 'hit', '0']);
    expect(app.script.calls('a')).toBe(2);
  });

  it('refreshes ahead also after a reply with 304', async () => {
    const clock = stopClock();
    const app = await start();
    const { headers } = await app.get('/pages/ahead/a');
    clock.pass(60);
    expect((await app.get('/pages/ahead/a', ifNoneMatch(headers.get('etag')!))).status).toBe(304);
    await app.script.called('a', 2);
    await until(async () => (await app.get('/pages/ahead/a')).body === '{"name":"a","call":2}', {
      what: 'the refreshed page',
    });
    expect(app.script.calls('a')).toBe(2);
  });

  it('does not run a handler that writes to the response in the background', async () => {
    const clock = stopClock();
    const app = await start();
    await app.get('/pages/ahead-with-headers/a');
    clock.pass(60);
    await app.get('/pages/ahead-with-headers/a');
    const result = await app.get('/pages/ahead-with-headers/a');
    expect([result.cache, result.headers.get('x-page'), app.script.calls('a')]).toEqual(['hit', 'a', 1]);
  });

  it('passes errors through and does not cache them', async () => {
    const app = await start();
    app.script.on('a', (call) => {
      if (call < 3) throw new NotFoundException(`no page ${call}`);
      return 'found';
    });
    const results = [
      await app.get('/pages/plain/a'),
      await app.get('/pages/plain/a'),
      await app.get('/pages/plain/a'),
    ];
    expect(results.map(({ status }) => status)).toEqual([404, 404, 200]);
    expect(JSON.parse(results[1]!.body)).toMatchObject({ message: 'no page 2', statusCode: 404 });
  });

  it('keeps a failure for negativeTtlSeconds, with the status and body of the handler', async () => {
    const app = await start();
    app.script.on('a', () => {
      throw new NotFoundException('no page');
    });
    const [first, second] = [await app.get('/pages/missing/a'), await app.get('/pages/missing/a')];
    expect([second.status, second.body]).toEqual([404, first.body]);
    expect(app.script.calls('a')).toBe(1);
  });
});
