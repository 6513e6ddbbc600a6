import { resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Gateway, startServer } from '@test/gateway/start-gateway.js';
import { freePort, RedisServer, spawnNode, until } from '@test/support/index.js';

const MAIN = resolve('apps/demo/dist/main.js');
const TEXT =
  'Redis keeps data in memory. A cache keeps answers close. An answer that is kept costs money once. ' +
  'Workers compute what the cache does not have. The queue keeps what must wait.';

let demo: Gateway | undefined;
let redis: RedisServer | undefined;

async function startDemo(env: Record<string, string> = {}): Promise<Gateway> {
  demo = await startServer(MAIN, { PORT: '0', ...env });
  return demo;
}

afterEach(async () => {
  await demo?.stop();
  await redis?.stop();
  demo = undefined;
  redis = undefined;
});

describe.each(['memory', 'redis'])('the demo on %s', (backend) => {
  async function start(): Promise<Gateway> {
    redis = backend === 'redis' ? await RedisServer.start() : undefined;
    return startDemo(redis ? { REDIS_URL: redis.url } : {});
  }

  it('computes a first request on the pool and serves the second from the cache', async () => {
    const running = await start();
    const first = await running.post('/v1/completions', { prompt: TEXT });
    expect([first.status, first.headers.get('cache-status')]).toEqual([200, 'redis-cache; fwd=miss; stored']);
    const computed = (await first.json()) as { completion: string };
    expect(computed).toMatchObject({ model: 'offline-extractive', stop_reason: 'end_turn', cached: false });
    expect(TEXT).toContain(computed.completion.split(/(?<=\.)\s+/)[0]);

    const second = await running.post('/v1/completions', { prompt: TEXT });
    expect(second.headers.get('cache-status')).toMatch(/^redis-cache; hit; ttl=3(5\d\d|600)$/);
    expect(second.headers.get('age')).toMatch(/^\d+$/);
    expect(await second.json()).toEqual({ ...computed, cached: true });
  });

  it('runs one task for requests that arrive together', async () => {
    const running = await start();
    const responses = await Promise.all(
      Array.from({ length: 20 }, () => running.post('/v1/completions', { prompt: TEXT })),
    );
    const statuses = responses.map((response) => response.headers.get('cache-status'));
    expect(statuses.filter((status) => status === 'redis-cache; fwd=miss; stored')).toHaveLength(1);
  });

  it('drains the queue through the pool into the cache', async () => {
    const running = await start();
    const queued = await running.post('/v1/queue', { prompt: TEXT });
    expect([queued.status, await queued.json()]).toEqual([202, { queued: true }]);
    await until(
      async () => ((await (await running.get('/v1/queue')).json()) as { length: number }).length === 0,
      { what: 'the queue to be empty' },
    );
    const answer = await until(
      async () => {
        const response = await running.post('/v1/completions', { prompt: TEXT });
        return response.headers.get('cache-status')?.includes('; hit') ? response : undefined;
      },
      { what: 'the queued completion to be in the cache' },
    );
    expect(await answer.json()).toMatchObject({ cached: true });
    expect(await (await running.delete('/v1/queue')).json()).toEqual({ cleared: true });
  });

  it('is healthy', async () => {
    const running = await start();
    const health = await running.get('/health');
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({ status: 'ok', info: { redis: { status: 'up' } } });
  });
});

describe('the demo', () => {
  it.each([
    [{}, 'prompt: '],
    [{ prompt: ' ' }, 'prompt: '],
    [{ prompt: 'x', ttl: 5 }, 'body: '],
    [{ prompt: 'x', temperature: 2 }, 'temperature: '],
  ])('refuses %j with a problem document that names the field', async (body, start) => {
    const response = await (await startDemo()).post('/v1/completions', body);
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    const problem = (await response.json()) as { detail: string; status: number };
    expect(problem.status).toBe(400);
    expect(problem.detail.startsWith(start)).toBe(true);
  });

  it('refuses a parameter that the executor cannot honour', async () => {
    const response = await (await startDemo()).post('/v1/completions', { prompt: 'x', temperature: 0.5 });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'ERR_UNSUPPORTED_PARAMETER' });
  });

  it('reads JSON only, so that a form of another web page cannot post to it', async () => {
    const running = await startDemo();
    const response = await fetch(`${running.url}/v1/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'prompt=x',
    });
    expect(response.status).toBe(415);
  });

  it('serves without Redis, says that it is degraded, and refuses to queue', async () => {
    const running = await startDemo({ REDIS_URL: `redis://127.0.0.1:${await freePort()}` });
    const response = await running.post('/v1/completions', { prompt: TEXT });
    expect([response.status, response.headers.get('cache-status')]).toEqual([
      200,
      'redis-cache; fwd=bypass; detail=redis-unavailable',
    ]);
    expect((await running.post('/v1/queue', { prompt: TEXT })).status).toBe(503);
    const health = await running.get('/health');
    expect(health.status).toBe(200);
    expect(await health.text()).toContain('degraded');
  });
});

it('says how to choose another port when its own is taken', async () => {
  const { url } = await startDemo();
  const port = Number(new URL(url).port);
  const second = spawnNode(MAIN, { env: { PORT: String(port) } });
  expect(await second.exited).toEqual({ code: 1, signal: null });
  expect(second.stderr).toContain(`Choose another port: PORT=${port + 1} npm run start:demo`);
});
