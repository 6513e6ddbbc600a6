import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';
import { deadLetters, type DeadLetterView } from './dead-letters.js';
import { type Gateway, startGateway } from './start-gateway.js';

const FOREIGN = { tenant: 'anonymous', body: { prompt: 5 } };
const REASON = 'not a completion request of this version';

const problemOf = async (response: Response): Promise<unknown> => [
  response.status,
  ((await response.json()) as { code: string }).code,
];

describe('/v1/queue/dead', () => {
  const caches = new Caches();
  let redis: RedisServer;
  let gateway: Gateway;
  let cache: RedisCacheService;

  beforeEach(async () => {
    LogCapture.start();
    redis = await RedisServer.start();
    gateway = await startGateway({ REDIS_URL: redis.url });
    cache = caches.create({ connection: { url: redis.url }, commandTimeoutMs: 10_000 });
  });

  afterEach(async () => {
    await caches.closeAll();
    await gateway?.stop();
    await redis.stop();
  });

  const untilDead = (test: (dead: DeadLetterView[]) => boolean): Promise<unknown> =>
    until(async () => test(await deadLetters(gateway)), { what: 'a request to be dead' });

  it('gets an invalid request immediately, and the requests behind it are handled', async () => {
    await cache.queue().queueRequests([FOREIGN, { tenant: 'anonymous', body: { prompt: 'Redis is fast.' } }]);
    await untilDead(({ length }) => length === 1);
    expect(await deadLetters(gateway)).toEqual([
      {
        id: expect.any(String),
        request: FOREIGN,
        deliveries: 1,
        reason: REASON,
        queued_at: expect.stringMatching(/^2\d{3}-.*Z$/),
        died_at: expect.stringMatching(/^2\d{3}-.*Z$/),
      },
    ]);
    await until(async () => (await redis.client().keys('redis-cache:cache:*')).length === 1, {
      what: 'the next one to be answered',
    });
  });

  it('pages, and refuses an invalid page', async () => {
    await cache.queue().queueRequests([1, 2, 3]);
    await untilDead(({ length }) => length === 3);
    const [first] = await deadLetters(gateway, '?limit=1');
    expect(first).toMatchObject({ request: 1 });
    const rest = await deadLetters(gateway, `?after=${first!.id}`);
    expect(rest.map(({ request }) => request)).toEqual([2, 3]);
    for (const query of ['?limit=0', '?limit=x', '?after=*', '?other=1'])
      expect(await problemOf(await gateway.get(`/v1/queue/dead${query}`))).toEqual([400, 'ERR_VALIDATION']);
  });

  it('replays, and returns 404 for an unknown id', async () => {
    await cache.queueRequest(FOREIGN);
    await untilDead(({ length }) => length === 1);
    const [{ id }] = (await deadLetters(gateway)) as [DeadLetterView];
    const replayed = await gateway.post(`/v1/queue/dead/${id}/replay`, {});
    expect([replayed.status, await replayed.json()]).toEqual([200, { replayed: true }]);
    await untilDead(({ length, 0: again }) => length === 1 && again!.id !== id);
    for (const unknown of [id, '1-1', 'none', '9'.repeat(60)]) {
      const answer = await gateway.post(`/v1/queue/dead/${unknown}/replay`, {});
      expect(await problemOf(answer)).toEqual([404, 'ERR_DEAD_LETTER_NOT_FOUND']);
    }
  });

  it('clears, and returns 503 without Redis', async () => {
    await cache.queueRequest(FOREIGN);
    await untilDead(({ length }) => length === 1);
    const cleared = await gateway.delete('/v1/queue/dead');
    expect([cleared.status, await cleared.json()]).toEqual([200, { cleared: true }]);
    expect(await deadLetters(gateway)).toEqual([]);
    await redis.kill();
    for (const answer of [
      await gateway.delete('/v1/queue/dead'),
      await gateway.post('/v1/queue/dead/1-1/replay', {}),
    ])
      expect(await problemOf(answer)).toEqual([503, 'ERR_REDIS_UNAVAILABLE']);
    expect(await deadLetters(gateway)).toEqual([]);
  });
});
