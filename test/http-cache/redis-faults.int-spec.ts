import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer, until } from '@test/support/index.js';
import { type HttpApp, HttpApps, PLATFORMS, ifNoneMatch } from './http-app.js';
import { PagesController } from './pages.controller.js';

const BYPASS = 'fwd=bypass; detail=redis-unavailable';
const apps = new HttpApps();
let redis: RedisServer;

beforeAll(async () => {
  Logger.overrideLogger(false);
  redis = await RedisServer.start();
});

afterEach(async () => {
  await apps.closeAll();
  await redis.restart();
});

afterAll(() => redis.stop());

describe.each(PLATFORMS)('without Redis, %s', (_platform, createAdapter) => {
  const start = (): Promise<HttpApp> =>
    apps.start(
      createAdapter,
      { connection: { url: redis.url }, keyPrefix: freshPrefix(), commandTimeoutMs: 200 },
      { controllers: [PagesController] },
    );

  it('serves requests and reports that the cache was bypassed; hits return with Redis', async () => {
    const app = await start();
    await app.get('/pages/plain/a');
    await redis.kill();
    const result = await app.get('/pages/plain/a');
    expect([result.status, result.body, result.cache]).toEqual([200, '{"name":"a","call":2}', BYPASS]);
    await redis.restart();
    await until(async () => (await app.get('/pages/plain/a')).cache === 'hit', { what: 'a hit' });
  });

  it('serves requests while Redis is frozen', async () => {
    const app = await start();
    await app.get('/pages/plain/a');
    await redis.pause();
    const result = await app.get('/pages/plain/a');
    expect([result.status, result.body, result.cache]).toEqual([200, '{"name":"a","call":2}', BYPASS]);
    await redis.resume();
  });

  it('replies with 304, errors and 504 for only-if-cached as with Redis', async () => {
    const app = await start();
    app.script.on('a', () => 'the same');
    const tag = (await app.get('/pages/plain/a')).headers.get('etag')!;
    await redis.kill();
    const unchanged = await app.get('/pages/plain/a', ifNoneMatch(tag));
    expect([unchanged.status, unchanged.cache]).toEqual([304, BYPASS]);
    expect((await app.get('/pages/plain/a', { 'Cache-Control': 'only-if-cached' })).status).toBe(504);
    app.script.on('a', () => {
      throw new Error('out of order');
    });
    expect((await app.get('/pages/plain/a')).status).toBe(500);
  });
});
