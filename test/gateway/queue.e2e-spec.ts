import { afterEach, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const PROMPT = 'A queued request is computed later. Its answer waits in the cache.';
let gateway: Gateway | undefined;
let redis: RedisServer | undefined;

afterEach(async () => {
  await gateway?.stop();
  await redis?.stop();
  gateway = undefined;
  redis = undefined;
});

describe('the request queue over HTTP', () => {
  it('counts, stores and clears requests', async () => {
    gateway = await startGateway({ QUEUE_CONSUMERS: '0' });
    for (const prompt of ['one', 'two', 'three']) {
      const response = await gateway.post('/v1/queue', { prompt });
      expect([response.status, await response.json()]).toEqual([202, { queued: true }]);
    }
    expect(await (await gateway.get('/v1/queue')).json()).toEqual({ length: 3 });
    expect(await (await gateway.delete('/v1/queue')).json()).toEqual({ cleared: true });
    expect(await (await gateway.get('/v1/queue')).json()).toEqual({ length: 0 });
  });

  it.each(['memory', 'redis'])('is drained through the pool into the cache, on %s', async (backend) => {
    redis = backend === 'redis' ? await RedisServer.start() : undefined;
    const running = await startGateway(redis ? { REDIS_URL: redis.url } : {});
    gateway = running;
    await running.post('/v1/queue', { prompt: PROMPT, ttl_seconds: 50 });
    const hit = await until(
      async () => {
        const response = await running.post('/v1/completions', { prompt: PROMPT, ttl_seconds: 50 });
        return response.headers.get('cache-status')?.includes('hit') ? response : undefined;
      },
      { what: 'the queued request to be answered from the cache' },
    );
    expect(await hit.json()).toMatchObject({ cached: true });
    await until(
      async () => ((await (await running.get('/v1/queue')).json()) as { length: number }).length === 0,
      {
        what: 'the queue to be empty',
      },
    );
  });

  it('handles what another process queued on the same Redis', async () => {
    redis = await RedisServer.start();
    const env = { REDIS_URL: redis.url };
    const producer = await startGateway({ ...env, QUEUE_CONSUMERS: '0' });
    try {
      expect((await producer.post('/v1/queue', { prompt: PROMPT })).status).toBe(202);
      expect(await (await producer.get('/v1/queue')).json()).toEqual({ length: 1 });
      gateway = await startGateway(env);
      const entries = redis.client();
      await until(async () => (await entries.keys('redis-cache:cache:*')).length === 1, {
        what: 'the answer to be in the cache',
      });
      const answer = await producer.post('/v1/completions', { prompt: PROMPT });
      expect(answer.headers.get('cache-status')).toMatch(/^redis-cache; hit/);
    } finally {
      await producer.stop();
    }
  });

  it('returns 503 when Redis cannot store a request', async () => {
    redis = await RedisServer.start();
    gateway = await startGateway({ REDIS_URL: redis.url });
    await redis.kill();
    for (const response of [
      await gateway.post('/v1/queue', { prompt: PROMPT }),
      await gateway.delete('/v1/queue'),
      await gateway.delete('/v1/cache'),
    ]) {
      expect(response.status).toBe(503);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
    }
    expect(await (await gateway.get('/v1/queue')).json()).toEqual({ length: 0 });
  });
});
