import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisServer } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const TEXT =
  'Redis keeps data in memory. A cache keeps answers close. An answer that is kept costs money once. ' +
  'Workers compute what the cache does not have. The queue keeps what must wait.';

/** The same behaviour on the embedded default and on a real Redis. */
describe.each(['memory', 'redis'])('completions on %s', (backend) => {
  let redis: RedisServer | undefined;
  let gateway: Gateway;

  beforeAll(async () => {
    redis = backend === 'redis' ? await RedisServer.start() : undefined;
    gateway = await startGateway(redis ? { REDIS_URL: redis.url } : {});
  });

  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  beforeEach(async () => {
    expect((await gateway.delete('/v1/cache')).status).toBe(200);
  });

  it('serves a first request by the executor and a second from the cache', async () => {
    const first = await gateway.post('/v1/completions', { prompt: TEXT });
    expect(first.status).toBe(200);
    expect(first.headers.get('cache-status')).toBe('redis-cache; fwd=miss; stored');
    expect(first.headers.get('age')).toBeNull();
    const computed = (await first.json()) as Record<string, unknown>;
    expect(computed).toMatchObject({
      model: 'offline-extractive',
      stop_reason: 'end_turn',
      cost: 0,
      cached: false,
      cost_saved: 0,
    });

    const second = await gateway.post('/v1/completions', { prompt: TEXT });
    expect(second.status).toBe(200);
    expect(second.headers.get('cache-status')).toMatch(/^redis-cache; hit; ttl=3(5\d\d|600)$/);
    expect(Number(second.headers.get('age'))).toBeGreaterThanOrEqual(0);
    expect(await second.json()).toEqual({ ...computed, cached: true });
  });

  it('computes a summary of the text and counts its tokens', async () => {
    const answer = (await (await gateway.post('/v1/completions', { prompt: TEXT })).json()) as {
      completion: string;
      usage: { input_tokens: number; output_tokens: number };
    };
    expect(answer.completion.length).toBeGreaterThan(0);
    for (const sentence of answer.completion.split(/(?<=\.)\s+/)) expect(TEXT).toContain(sentence);
    expect(answer.usage.input_tokens).toBeGreaterThan(20);
    expect(answer.usage.output_tokens).toBeGreaterThan(0);
    expect(answer.usage.output_tokens).toBeLessThanOrEqual(answer.usage.input_tokens);
  });

  it.each([
    ['two models', { model: 'one' }, { model: 'two' }],
    ['two system prompts', { system: 'be brief' }, { system: 'be kind' }],
    ['two lengths', { max_tokens: 500 }, { max_tokens: 600 }],
  ])('keeps an entry for each of %s', async (_what, one, two) => {
    const statuses = [];
    for (const more of [one, two, one, two]) {
      const response = await gateway.post('/v1/completions', { prompt: TEXT, ...more });
      statuses.push(response.headers.get('cache-status')?.replace(/; ttl=\d+/, ''));
    }
    const miss = 'redis-cache; fwd=miss; stored';
    expect(statuses).toEqual([miss, miss, 'redis-cache; hit', 'redis-cache; hit']);
  });

  it('finds an entry whatever the order of the fields and the TTL of the request', async () => {
    await gateway.post('/v1/completions', { prompt: TEXT, model: 'one', system: 'brief' });
    const again = await gateway.post('/v1/completions', {
      ttl_seconds: 5,
      system: 'brief',
      model: 'one',
      prompt: TEXT,
    });
    expect(again.headers.get('cache-status')).toMatch(/^redis-cache; hit/);
  });

  it('keeps an answer for the TTL of the request', async () => {
    await gateway.post('/v1/completions', { prompt: TEXT, ttl_seconds: 90 });
    const hit = await gateway.post('/v1/completions', { prompt: TEXT });
    expect(hit.headers.get('cache-status')).toMatch(/^redis-cache; hit; ttl=(8\d|90)$/);
  });

  it('never caches a truncated answer', async () => {
    for (let round = 0; round < 2; round += 1) {
      const response = await gateway.post('/v1/completions', { prompt: TEXT, max_tokens: 1 });
      expect(response.headers.get('cache-status')).toBe('redis-cache; fwd=miss');
      expect(await response.json()).toMatchObject({ stop_reason: 'max_tokens', cached: false });
    }
  });

  it('clears the cache', async () => {
    await gateway.post('/v1/completions', { prompt: TEXT });
    expect(await (await gateway.delete('/v1/cache')).json()).toEqual({ cleared: true });
    const after = await gateway.post('/v1/completions', { prompt: TEXT });
    expect(after.headers.get('cache-status')).toBe('redis-cache; fwd=miss; stored');
  });

  it('is ready and alive', async () => {
    const ready = await gateway.get('/health');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      status: 'ok',
      details: { redis: { status: 'up', backend, state: 'serving', breaker: 'closed', writable: true } },
    });
    const live = await gateway.get('/health/live');
    expect([live.status, await live.json()]).toEqual([200, { status: 'ok' }]);
  });
});
