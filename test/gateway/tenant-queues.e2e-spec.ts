import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestQueue } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';
import type { DeadLetterView } from './dead-letters.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const KEYS = {
  red: 'red-key-0123456789abcdef',
  blue: 'blue-key-0123456789abcdef',
  ops: 'ops-key-0123456789abcdef',
};
const API_KEYS = `red:${KEYS.red},blue:${KEYS.blue},ops:${KEYS.ops}:admin`;
const PARKED = { API_KEYS, QUEUE_CONSUMERS: '0' };
const CLI = {
  WORKER_EXECUTOR: 'claude-cli',
  CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
  SHUTDOWN_DRAIN_MS: '0',
};
/** No machine is slow enough to be refused by Redis's deadline. */
const PATIENT = { REDIS_COMMAND_TIMEOUT_MS: '20000' };

type Name = keyof typeof KEYS;

const caches = new Caches();
let folder: string;
let gateways: Gateway[] = [];
let redis: RedisServer | undefined;

beforeAll(async () => {
  LogCapture.start();
  folder = await mkdtemp(join(tmpdir(), 'gateway-tenant-queues-'));
});

afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await caches.closeAll();
  await redis?.stop();
  gateways = [];
  redis = undefined;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(env: Record<string, string>): Promise<Gateway> {
  const gateway = await startGateway(env);
  gateways.push(gateway);
  return gateway;
}

function ask(
  gateway: Gateway,
  name: Name,
  method: string,
  path: string,
  body?: unknown,
  more = {},
): Promise<Response> {
  const request: RequestInit = body === undefined ? {} : jsonPost(body);
  const headers = { ...(request.headers as Record<string, string>), 'x-api-key': KEYS[name], ...more };
  return fetch(gateway.url + path, { ...request, method, headers });
}

const queue = (gateway: Gateway, name: Name, prompt: string): Promise<Response> =>
  ask(gateway, name, 'POST', '/v1/queue', { prompt });

const get = async (gateway: Gateway, name: Name, path: string): Promise<unknown> =>
  (await ask(gateway, name, 'GET', path)).json();

const length = async (gateway: Gateway, name: Name): Promise<number> =>
  ((await get(gateway, name, '/v1/queue')) as { length: number }).length;

async function outcome(asked: Promise<Response>): Promise<unknown[]> {
  const response = await asked;
  return [response.status, ((await response.json()) as { code?: string }).code];
}

async function isCached(gateway: Gateway, name: Name, prompt: string): Promise<boolean> {
  const more = { 'cache-control': 'only-if-cached' };
  return (await ask(gateway, name, 'POST', '/v1/completions', { prompt }, more)).status === 200;
}

const untilCached = (gateway: Gateway, name: Name, prompt: string): Promise<unknown> =>
  until(() => isCached(gateway, name, prompt), {
    what: `the answer for ${name} to be in the cache`,
    timeoutMs: 40_000,
    everyMs: 50,
  });

const dead = async (gateway: Gateway, name: Name, query = ''): Promise<DeadLetterView[]> =>
  ((await get(gateway, name, `/v1/queue/dead${query}`)) as { dead: DeadLetterView[] }).dead;

async function queueOfRed(): Promise<RequestQueue> {
  const cache = caches.create({ connection: { url: redis!.url }, commandTimeoutMs: 20_000 });
  return cache.queue('requests:red');
}

const gate = (name: string): string => join(folder, name);

describe('two tenants', () => {
  let parked: Gateway;

  beforeAll(async () => {
    parked = await startGateway(PARKED);
  });

  afterEach(async () => {
    for (const name of ['red', 'blue']) await ask(parked, 'ops', 'DELETE', `/v1/queue?tenant=${name}`);
  });

  afterAll(() => parked?.stop());

  it('see only their own queue; an administrator may name any', async () => {
    for (const prompt of ['one', 'two']) expect((await queue(parked, 'red', prompt)).status).toBe(202);
    expect(await get(parked, 'red', '/v1/queue')).toEqual({ length: 2 });
    expect(await get(parked, 'red', '/v1/queue?tenant=red')).toEqual({ length: 2 });
    expect(await get(parked, 'blue', '/v1/queue')).toEqual({ length: 0 });
    expect(await get(parked, 'ops', '/v1/queue')).toEqual({ length: 0 });
    expect(await get(parked, 'ops', '/v1/queue?tenant=red')).toEqual({ length: 2 });
    for (const path of ['/v1/queue', '/v1/queue/dead']) {
      for (const [name, other] of [
        ['blue', 'red'],
        ['ops', 'green'],
      ] as const) {
        const asked = ask(parked, name, 'GET', `${path}?tenant=${other}`);
        expect(await outcome(asked)).toEqual([404, 'ERR_TENANT_NOT_FOUND']);
      }
      expect(await outcome(ask(parked, 'red', 'GET', `${path}?x=1`))).toEqual([400, 'ERR_VALIDATION']);
    }
    expect((await queue(parked, 'blue', 'three')).status).toBe(202);
    expect((await ask(parked, 'ops', 'DELETE', '/v1/queue?tenant=red')).status).toBe(200);
    expect([await length(parked, 'red'), await length(parked, 'blue')]).toEqual([0, 1]);
  });

  it('see their own queue live; administrators and /metrics show the sum', async () => {
    for (const name of ['red', 'red', 'blue'] as const) await queue(parked, name, 'waits');
    const waiting = async (name: Name): Promise<unknown> => {
      const response = await ask(parked, name, 'GET', '/v1/events');
      for await (const chunk of response.body!) {
        const [, data] = /^data: (.+)$/m.exec(Buffer.from(chunk).toString()) ?? [];
        if (data) return (JSON.parse(data) as { queue: { waiting: number } }).queue.waiting;
      }
      return undefined;
    };
    expect([await waiting('red'), await waiting('blue'), await waiting('ops')]).toEqual([2, 1, 3]);
    const metrics = await (await ask(parked, 'ops', 'GET', '/metrics')).text();
    expect(metrics).toMatch(/^gateway_queue_depth\{state="waiting"\} 3$/m);
    expect(metrics).toMatch(/^gateway_queue_oldest_age_seconds [\d.e-]+$/m);
  });

  it('have an exact quota each, over two processes', async () => {
    redis = await RedisServer.start();
    const env = { ...PATIENT, ...PARKED, REDIS_URL: redis.url, QUEUE_QUOTA: '20' };
    const [one, two] = await Promise.all([start(env), start(env)]);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, index) => queue(index % 2 ? one : two, 'red', `prompt ${index}`)),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect([answers.filter(({ status }) => status === 202).length, refused.length]).toEqual([20, 30]);
    expect(await refused[0]!.json()).toMatchObject({ code: 'ERR_QUEUE_QUOTA' });
    for (const { headers } of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(await length(one, 'red')).toBe(20);
    expect((await queue(one, 'blue', 'another')).status).toBe(202);
    expect(await length(two, 'blue')).toBe(1);
  });

  it('have a quota in bytes each, over two processes', async () => {
    redis = await RedisServer.start();
    const env = { ...PATIENT, ...PARKED, REDIS_URL: redis.url, QUEUE_QUOTA_BYTES: '5000' };
    const [one, two] = await Promise.all([start(env), start(env)]);
    const prompt = 'x'.repeat(950);
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) => queue(index % 2 ? one : two, 'red', prompt)),
    );
    const refused = answers.filter(({ status }) => status === 429);
    expect([answers.filter(({ status }) => status === 202).length, refused.length]).toEqual([5, 7]);
    expect(await refused[0]!.json()).toMatchObject({
      code: 'ERR_QUEUE_QUOTA',
      detail: expect.stringMatching(/it holds 4\d\d\d bytes.*QUEUE_QUOTA_BYTES/),
    });
    expect(Number(refused[0]!.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect((await queue(one, 'blue', prompt)).status).toBe(202);
  });
});

describe('a queued request', () => {
  it('is computed for its tenant only, also when it filled the quota', async () => {
    redis = await RedisServer.start();
    const env = { ...PATIENT, API_KEYS, REDIS_URL: redis.url, QUEUE_QUOTA: '10' };
    const parked = await start({ ...env, QUEUE_CONSUMERS: '0' });
    const prompts = Array.from({ length: 25 }, (_, index) => `Prompt ${index} of red. It waits.`);
    const answers = await Promise.all(prompts.map((prompt) => queue(parked, 'red', prompt)));
    const accepted = prompts.filter((_, index) => answers[index]!.status === 202);
    expect(accepted).toHaveLength(10);
    expect((await queue(parked, 'blue', 'A prompt of blue. It waits.')).status).toBe(202);
    const working = await start({ ...env, QUEUE_CONSUMERS: '2' });
    await untilCached(working, 'blue', 'A prompt of blue. It waits.');
    await until(async () => (await length(parked, 'red')) === 0, { what: 'the queue of red to be empty' });
    for (const prompt of prompts) {
      if (accepted.includes(prompt)) await untilCached(working, 'red', prompt);
      expect([await isCached(working, 'red', prompt), await isCached(working, 'blue', prompt)]).toEqual([
        accepted.includes(prompt),
        false,
      ]);
    }
    expect(await isCached(working, 'red', 'A prompt of blue. It waits.')).toBe(false);
    expect((await redis.client().keys('redis-cache:queue:*')).toSorted()).toEqual([
      'redis-cache:queue:{requests:blue}',
      'redis-cache:queue:{requests:red}',
    ]);
  });

  it('is handled in turn: a long queue does not delay a short one', async () => {
    const gateway = await start({ ...CLI, API_KEYS });
    const prompt = (name: string): string => `[[fake-claude gate ${gate(name)}]]`;
    const atWork = (name: string): Promise<unknown> =>
      until(() => readFile(gate(name)), { what: `${name} to be at work`, timeoutMs: 40_000 });
    await queue(gateway, 'red', prompt('red1'));
    await atWork('red1');
    for (const name of ['red2', 'red3', 'red4']) await queue(gateway, 'red', prompt(name));
    await queue(gateway, 'blue', prompt('blue1'));
    expect([await length(gateway, 'red'), await length(gateway, 'blue')]).toEqual([3, 1]);
    await writeFile(`${gate('red1')}.go`, '');
    await atWork('blue1');
    expect(await length(gateway, 'red')).toBe(3);
    for (const name of ['blue1', 'red2', 'red3', 'red4']) {
      await atWork(name);
      await writeFile(`${gate(name)}.go`, '');
    }
    for (const name of ['red2', 'red3', 'red4']) await untilCached(gateway, 'red', prompt(name));
    await untilCached(gateway, 'blue', prompt('blue1'));
  });
});

describe('the dead letters of a tenant', () => {
  it('are those of its own queue, whichever tenant they name; only administrators replay', async () => {
    redis = await RedisServer.start();
    const gateway = await start({ ...PATIENT, API_KEYS, REDIS_URL: redis.url });
    const forged = { tenant: 'blue', body: { prompt: 'An answer for blue, by red. It is not given.' } };
    await (await queueOfRed()).queueRequest(forged);
    await until(async () => (await dead(gateway, 'red')).length === 1, { what: 'the request to be dead' });
    const [{ id, request }] = (await dead(gateway, 'red')) as [DeadLetterView];
    expect(request).toEqual(forged);
    expect(await dead(gateway, 'blue')).toEqual([]);
    expect(await dead(gateway, 'ops', '?tenant=red')).toHaveLength(1);
    expect(await isCached(gateway, 'blue', forged.body.prompt)).toBe(false);
    const replay = `/v1/queue/dead/${id}/replay`;
    expect(await outcome(ask(gateway, 'red', 'POST', replay))).toEqual([403, 'ERR_NOT_ADMIN']);
    expect(await outcome(ask(gateway, 'ops', 'POST', replay))).toEqual([404, 'ERR_DEAD_LETTER_NOT_FOUND']);
    expect((await ask(gateway, 'ops', 'POST', `${replay}?tenant=red`)).status).toBe(200);
    await until(async () => (await dead(gateway, 'red')).some((one) => one.id !== id), {
      what: 'it to be dead',
    });
    expect((await ask(gateway, 'ops', 'DELETE', '/v1/queue/dead?tenant=red')).status).toBe(200);
    expect(await dead(gateway, 'red')).toEqual([]);
  });

  it('remain while the queue is full', async () => {
    redis = await RedisServer.start();
    const gateway = await start({ ...PATIENT, ...PARKED, REDIS_URL: redis.url, QUEUE_QUOTA: '1' });
    await queue(gateway, 'red', 'dies');
    const behind = await queueOfRed();
    await behind.rejectRequest((await behind.reserveRequest())!.id, 'no use');
    await queue(gateway, 'red', 'waits');
    const [{ id }] = (await dead(gateway, 'red')) as [DeadLetterView];
    const replay = (): Promise<Response> =>
      ask(gateway, 'ops', 'POST', `/v1/queue/dead/${id}/replay?tenant=red`);
    expect(await outcome(replay())).toEqual([409, 'ERR_QUEUE_FULL']);
    expect(await dead(gateway, 'red')).toHaveLength(1);
    await behind.dequeueRequest();
    expect((await replay()).status).toBe(200);
  });
});
