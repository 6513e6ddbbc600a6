import { resolve } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const MODEL = 'fake-model-1';
const COST = 0.0125;
const TOKENS = 3 + 20 + 100 + 7;

interface Stats {
  shared: boolean;
  total: Record<string, number>;
  tenants: { tenant: string; models: ({ model: string } & Record<string, number>)[] }[];
}

let redis: RedisServer;
let gateways: Gateway[];

beforeEach(async () => {
  redis = await RedisServer.start();
  gateways = [];
});

afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await redis.stop();
});

async function start(more: Record<string, string> = {}): Promise<Gateway> {
  const gateway = await startGateway({
    REDIS_URL: redis.url,
    WORKER_EXECUTOR: 'claude-cli',
    CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
    ...more,
  });
  gateways.push(gateway);
  return gateway;
}

async function statsOf(gateway: Gateway, headers: Record<string, string> = {}): Promise<Stats> {
  const response = await fetch(`${gateway.url}/v1/cache/stats`, { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Stats;
}

function bearer(key: string): Record<string, string> {
  return { authorization: `Bearer ${key}` };
}

it('savings add up over two processes, a restart and the outage between them', async () => {
  const [one, two] = await Promise.all([start(), start()]);
  const body = { prompt: '[[fake-claude text An answer that costs money once.]]' };
  for (const gateway of [one, one, two, two])
    expect((await gateway.post('/v1/completions', body)).status).toBe(200);
  const expected = {
    misses: 1,
    hits: 3,
    stale: 0,
    bypassed: 0,
    tokens_saved: 3 * TOKENS,
    tokens_spent: TOKENS,
    cost_saved: expect.closeTo(3 * COST, 6),
    cost_spent: expect.closeTo(COST, 6),
    seconds_saved: expect.any(Number),
  };
  await until(async () => (await statsOf(one)).total['hits'] === 3, {
    what: 'the other process to be counted',
  });
  const stats = await statsOf(one);
  expect(stats).toMatchObject({ shared: true, total: expected });
  expect(stats.tenants).toMatchObject([{ tenant: 'anonymous', models: [{ model: MODEL, ...expected }] }]);
  expect(stats.total['seconds_saved']).toBeGreaterThan(0);

  await redis.pause();
  await one.post('/v1/completions', body);
  expect(await statsOf(one)).toMatchObject({ shared: false, total: { hits: 4 } });
  await redis.resume();
  await until(async () => (await statsOf(two)).total['hits'] === 4, {
    what: 'what was counted without Redis to reach it',
  });

  const before = await statsOf(two);
  await Promise.all([one.stop(), two.stop()]);
  expect(await statsOf(await start())).toEqual(before);
});

it('tenants see their own savings, administrators those of all', async () => {
  const keys = { web: 'key-of-the-web-team', ops: 'key-of-operations' };
  const gateway = await start({ API_KEYS: `web:${keys.web},ops:${keys.ops}:admin` });
  for (const key of [keys.web, keys.web, keys.ops]) {
    const body = JSON.stringify({ prompt: '[[fake-claude text An answer.]]' });
    const headers = { ...bearer(key), 'content-type': 'application/json' };
    expect((await fetch(`${gateway.url}/v1/completions`, { method: 'POST', headers, body })).status).toBe(
      200,
    );
  }
  const web = await statsOf(gateway, bearer(keys.web));
  expect(web.tenants.map(({ tenant }) => tenant)).toEqual(['web']);
  expect(web.total).toMatchObject({ hits: 1, misses: 1 });
  const ops = await statsOf(gateway, bearer(keys.ops));
  expect(ops.tenants.map(({ tenant }) => tenant).toSorted()).toEqual(['ops', 'web']);
  expect(ops.total).toMatchObject({ hits: 1, misses: 2 });
});
