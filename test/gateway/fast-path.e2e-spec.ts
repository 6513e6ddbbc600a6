import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { lineOf } from './log-lines.js';
import { type Gateway, startGateway } from './start-gateway.js';

const KEYS = {
  web: 'key-of-the-web-team-0123',
  ops: 'key-of-operations-0123',
  monitor: 'key-of-a-monitor-0123',
};
const ROUTE = '/v1/completions';
/** The same route, in a spelling that the fast path does not serve. */
const HANDLER = '/v1/completions?by=handler';
/** The fast path's spelling of this header, by which tests recognize it; HTTP ignores the case. */
const FAST_HEADER = 'Cache-Status';
const BODIES = [
  { prompt: '[[fake-claude text A plain answer.]]' },
  {
    prompt: '[[fake-claude text Ünïcödé 日本 🦊 and "quotes" and \\\\ too.]]',
    tags: ['a'],
    ttl_seconds: 500,
  },
  { prompt: '[[fake-claude text With everything.]]', system: 'Be brief.', model: 'haiku' },
];

interface Answer {
  status: number;
  body: Record<string, unknown>;
  headers: Record<string, unknown>;
  fast: boolean;
}

let redis: RedisServer;
let gateway: Gateway;

beforeEach(async () => {
  redis = await RedisServer.start();
});

afterEach(async () => {
  await gateway.stop();
  await redis.stop();
});

function start(more: Record<string, string> = {}): Promise<Gateway> {
  return startGateway({
    REDIS_URL: redis.url,
    WORKER_EXECUTOR: 'claude-cli',
    CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
    API_KEYS: `web:${KEYS.web},ops:${KEYS.ops}:admin,web:${KEYS.monitor}:monitor`,
    RATE_LIMIT_PER_MINUTE: '5000',
    ...more,
  });
}

async function ask(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const sent = { 'content-type': 'application/json', 'x-api-key': KEYS.web, ...headers };
  const outgoing = httpRequest(gateway.url + path, { method: 'POST', headers: sent });
  outgoing.end(JSON.stringify(body));
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  const { statusCode: status = 0, headers: received, rawHeaders } = response;
  const json = JSON.parse(await text(response)) as Answer['body'];
  return { status, body: json, headers: received, fast: rawHeaders.includes(FAST_HEADER) };
}

/** Sends the request until the fast path serves it: a near copy is kept a moment after the first hit. */
function viaFastPath(body: unknown, headers?: Record<string, string>): Promise<Answer> {
  return until(async () => ((await ask(ROUTE, body, headers)).fast ? ask(ROUTE, body, headers) : null), {
    what: 'the fast path',
  }) as Promise<Answer>;
}

/** The parts of an answer that must not depend on its way. Durations and counts of requests may differ. */
function comparable({ status, body, headers }: Answer): object {
  const { date: _date, 'x-request-id': _id, ...rest } = headers;
  const stable = Object.entries(rest).map(([name, value]) => [
    name,
    /^(age|cache-status|server-timing|ratelimit|ratelimit-(remaining|reset))$/.test(name)
      ? String(value).replaceAll(/[\d.]+/g, '0')
      : value,
  ]);
  return { status, body, headers: Object.fromEntries(stable) as object };
}

describe.each([
  ['near copies', 'true', 'near'],
  ['Redis', 'false', 'redis'],
])('a hit from %s on the fast path', (_what, near, source) => {
  it('is the response that the handler sends, with its headers', async () => {
    gateway = await start({ CACHE_NEAR: near });
    for (const body of BODIES) {
      const miss = await ask(ROUTE, body);
      expect(miss).toMatchObject({ status: 200, fast: false, body: { cached: false } });
      const fast = await viaFastPath(body);
      const slow = await ask(HANDLER, body);
      expect([fast.fast, slow.fast]).toEqual([true, false]);
      expect(fast.body).toMatchObject({ cached: true, cost: 0, cost_saved: 0.0125 });
      expect(comparable(fast)).toEqual(comparable(slow));
      for (const one of [fast, slow]) expect(Object.keys(one.body)).toEqual(Object.keys(miss.body));
      expect(fast.headers['server-timing']).toMatch(new RegExp(`^${source};dur=\\d+\\.\\d\\d$`));
      expect(fast.headers['ratelimit-limit']).toBe('5000');
    }
  });

  it('is counted and logged like one by the handler', async () => {
    gateway = await start({ CACHE_NEAR: near });
    const [body] = BODIES;
    await ask(ROUTE, body);
    await viaFastPath(body);
    const before = await counts();
    const fast = await ask(ROUTE, body, { 'x-request-id': 'by-fast-path' });
    const between = await counts();
    const slow = await ask(HANDLER, body, { 'x-request-id': 'by-handler' });
    const after = await counts();
    expect([fast.fast, slow.fast]).toEqual([true, false]);
    for (const name of Object.keys(after))
      expect([name, between[name]! - before[name]!]).toEqual([
        name,
        expect.closeTo(after[name]! - between[name]!, 6),
      ]);
    expect(after['hits']! - before['hits']!).toBe(2);
    const [byFastPath, byHandler] = [
      await lineOf(gateway, 'by-fast-path'),
      await lineOf(gateway, 'by-handler'),
    ];
    const same = { cache: expect.any(String), time: expect.any(Number), durationMs: expect.any(Number) };
    expect(byFastPath).toEqual({ ...byHandler, ...same, requestId: 'by-fast-path' });
    expect(byFastPath).toMatchObject({ route: ROUTE, status: 200, source, tenant: 'web' });
    expect(byFastPath['cache']).toBe(fast.headers['cache-status']);
  });

  it('is served to the tenant of the answer only, and with valid keys only', async () => {
    gateway = await start({ CACHE_NEAR: near });
    const [body] = BODIES;
    await ask(ROUTE, body);
    await viaFastPath(body);
    const other = await ask(ROUTE, body, { 'x-api-key': KEYS.ops });
    expect(other).toMatchObject({ status: 200, fast: false, body: { cached: false } });
    expect(await ask(ROUTE, body, { 'x-api-key': 'a-key-that-is-none-0123' })).toMatchObject({ status: 401 });
    const monitor = await ask(ROUTE, body, { 'x-api-key': KEYS.monitor });
    expect(monitor).toMatchObject({ status: 403, fast: false });
    expect((await ask(ROUTE, body)).fast).toBe(true);
  });

  it('is not served if the request does not allow it, or if the cache has changed', async () => {
    gateway = await start({ CACHE_NEAR: near });
    const [body] = BODIES;
    await ask(ROUTE, body);
    await viaFastPath(body);
    expect(await ask(ROUTE, body, { 'cache-control': 'no-cache' })).toMatchObject({
      fast: false,
      body: { cached: false },
    });
    expect((await ask(ROUTE, body, { prefer: 'respond-async' })).fast).toBe(false);
    expect(await ask(ROUTE, { ...body, temperature: -1 })).toMatchObject({ status: 400, fast: false });
    const headers = { 'x-api-key': KEYS.ops };
    expect((await fetch(`${gateway.url}/v1/cache`, { method: 'DELETE', headers })).status).toBeLessThan(300);
    await until(async () => (await ask(ROUTE, body)).body['cached'] === true, { what: 'the answer again' });
    expect((await counts())['misses']).toBeGreaterThan(1);
  });
});

async function counts(): Promise<Record<string, number>> {
  const headers = { 'x-api-key': KEYS.web };
  const stats = (await (await fetch(`${gateway.url}/v1/cache/stats`, { headers })).json()) as {
    tenants: { tenant: string; total: Record<string, number> }[];
  };
  const { total } = stats.tenants.find(({ tenant }) => tenant === 'web')!;
  const metrics = await (await fetch(`${gateway.url}/metrics`, { headers })).text();
  const sample = (name: string): number =>
    Number(
      metrics
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.split(' ')
        .at(-1) ?? 0,
    );
  return {
    ...total,
    answers: sample('gateway_answers_total{status="hit"}'),
    cacheHits:
      sample('redis_cache_hits_total{source="near"}') + sample('redis_cache_hits_total{source="redis"}'),
    cacheMisses: sample('redis_cache_misses_total'),
    requests: sample('gateway_requests_total{method="POST",route="/v1/completions",status="200"}'),
  };
}
