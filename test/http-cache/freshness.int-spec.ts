import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Controller, Get, Param, Res, UseInterceptors } from '@nestjs/common';
import { HttpCache, HttpCacheInterceptor } from 'nestjs-redis-cache/http';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer } from '@test/support/index.js';
import { HandlerScript } from './handler-script.js';
import { type HttpApp, HttpApps, PLATFORMS } from './http-app.js';

interface AnyResponse {
  header(name: string, value: string): unknown;
}

/** A handler that sets the headers that its script returns. */
@Controller('news')
@UseInterceptors(HttpCacheInterceptor)
@HttpCache({ ttlSeconds: 100 })
class NewsController {
  constructor(private readonly script: HandlerScript) {}

  @Get(':name')
  async show(
    @Param('name') name: string,
    @Res({ passthrough: true }) response: AnyResponse,
  ): Promise<unknown> {
    const { headers = {}, ...body } = (await this.script.run(name)) as { headers?: Record<string, string> };
    for (const [header, value] of Object.entries(headers)) response.header(header, value);
    return body;
  }
}

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

describe.each(PLATFORMS)('a response on %s', (_platform, createAdapter) => {
  const start = (): Promise<HttpApp> =>
    apps.start(
      createAdapter,
      { connection: { url: redis.url }, keyPrefix: freshPrefix() },
      { controllers: [NewsController] },
    );

  it.each<Record<string, string>>([
    { 'Cache-Control': 'no-cache' },
    { 'Cache-Control': 'public, max-age=0' },
    { 'Cache-Control': 's-maxage=0, max-age=60' },
    { Expires: 'Thu, 01 Jan 1970 00:00:00 GMT' },
    { Expires: '0' },
    { 'Cache-Control': 'max-age=20', Age: '30' },
  ])('with %j is neither stored nor shared', async (headers) => {
    const app = await start();
    app.script.on('a', (call) => ({ call, headers }));
    const results = [...(await app.many(3, '/news/a')), await app.get('/news/a')];
    expect(results.map(({ body }) => body).toSorted()).toEqual(
      [1, 2, 3, 4].map((call) => `{"call":${call}}`),
    );
    expect(new Set(results.map(({ cache }) => cache))).toEqual(new Set(['fwd=miss']));
  });

  it('is stored no longer than its max-age, and than the TTL', async () => {
    const app = await start();
    const headers = { 'Cache-Control': 'max-age=30' };
    app.script.on('a', (call) => ({ call, headers }));
    app.script.on('b', (call) => ({ call, headers: { 'Cache-Control': 'max-age=300' } }));
    await Promise.all([app.get('/news/a'), app.get('/news/b')]);
    const before = Date.now();
    const clock = jest.spyOn(Date, 'now').mockReturnValue(before + 25_000);
    expect((await app.get('/news/a')).cache).toBe('hit');
    clock.mockReturnValue(before + 35_000);
    expect((await app.get('/news/a')).body).toBe('{"call":2}');
    expect((await app.get('/news/b')).body).toBe('{"call":1}');
    clock.mockReturnValue(before + 105_000);
    expect((await app.get('/news/b')).body).toBe('{"call":2}');
  });

  it('that could not be shared makes no later request wait, until one can be shared', async () => {
    const app = await start();
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    app.script.on('a', () => ({ headers: { 'Cache-Control': 'private' } }));
    await app.get('/news/a');
    app.script.on('a', async (call) => {
      if (call === 2) await finished;
      return { call };
    });
    const slow = app.get('/news/a');
    await app.script.called('a', 2);
    // It would wait for the slow one.
    expect((await app.get('/news/a')).body).toBe('{"call":3}');
    finish();
    expect((await slow).body).toBe('{"call":2}');
    expect((await app.get('/news/a')).cache).toBe('fwd=miss; stored');
    expect((await app.get('/news/a')).cache).toBe('hit');
  });

  it('whose client has left is stored, and goes to the requests that wait', async () => {
    const app = await start();
    let finish!: () => void;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    app.script.on('a', async (call) => {
      await finished;
      return { call };
    });
    await app.leave('/news/a', () => app.script.called('a', 1));
    const others = app.many(3, '/news/a');
    finish();
    expect(new Set((await others).map(({ body }) => body))).toEqual(new Set(['{"call":1}']));
    expect((await app.get('/news/a')).cache).toBe('hit');
    expect(app.script.calls('a')).toBe(1);
  });
});
