import { afterEach, describe, expect, it } from '@jest/globals';
import { RedisServer } from '@test/support/index.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const RED = 'red-key-0123456789abcdef';
const BLUE = 'blue-key-0123456789abcdef';
const API_KEYS = `red:${RED},blue:${BLUE}`;
const WRONG = 'wrong-key-0123456789abcdef';
const BODY = { prompt: 'Whoever asks too often has to wait. Others need not.' };

/** Prevents calls from being let through because this machine is slow. */
const PATIENT = { REDIS_COMMAND_TIMEOUT_MS: '20000' };

let gateways: Gateway[] = [];
let redis: RedisServer | undefined;

afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await redis?.stop();
  gateways = [];
  redis = undefined;
});

async function start(env: Record<string, string>): Promise<Gateway> {
  const gateway = await startGateway(env);
  gateways.push(gateway);
  return gateway;
}

function ask(gateway: Gateway, headers: Record<string, string>, path = '/v1/completions'): Promise<Response> {
  const request = jsonPost(BODY);
  return fetch(gateway.url + path, { ...request, headers: { ...request.headers, ...headers } });
}

const askAs = (gateway: Gateway, key: string): Promise<Response> => ask(gateway, { 'x-api-key': key });

function statusesOf(responses: Response[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of responses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

async function expectTooMany(response: Response, code: string): Promise<void> {
  expect(response.status).toBe(429);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(await response.json()).toMatchObject({ type: 'about:blank', status: 429, code });
  const seconds = Number(response.headers.get('retry-after'));
  expect(seconds).toBeGreaterThanOrEqual(1);
  expect(seconds).toBeLessThanOrEqual(60);
}

describe('the limit of a tenant', () => {
  it('is shared exactly by two processes on one Redis, and separate for each tenant', async () => {
    redis = await RedisServer.start();
    const env = { ...PATIENT, REDIS_URL: redis.url, API_KEYS, RATE_LIMIT_PER_MINUTE: '20' };
    const [one, two] = await Promise.all([start(env), start(env)]);
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => askAs(index % 2 ? one : two, RED)),
    );
    expect(statusesOf(answers)).toEqual({ 200: 20, 429: 40 });
    await expectTooMany(
      answers.find(({ status }) => status === 429)!,
      'ERR_RATE_LIMITED',
    );
    for (const gateway of [one, two]) {
      await expectTooMany(await askAs(gateway, RED), 'ERR_RATE_LIMITED');
      expect((await askAs(gateway, BLUE)).status).toBe(200);
      expect((await gateway.get('/health')).status).toBe(200);
    }
  });

  it('is described in the headers of each response', async () => {
    const gateway = await start({ API_KEYS, RATE_LIMIT_PER_MINUTE: '3' });
    const told = [];
    for (let call = 0; call < 4; call += 1) {
      const { headers } = await askAs(gateway, RED);
      told.push([headers.get('ratelimit-limit'), headers.get('ratelimit-remaining')]);
      expect(Number(headers.get('ratelimit-reset'))).toBeGreaterThan(0);
    }
    expect(told).toEqual([
      ['3', '2'],
      ['3', '1'],
      ['3', '0'],
      ['3', '0'],
    ]);
  });

  it('is 600 a minute by default, and off when set to 0', async () => {
    const gateway = await start({ API_KEYS });
    expect((await askAs(gateway, RED)).headers.get('ratelimit-limit')).toBe('600');
    const other = await start({ API_KEYS, RATE_LIMIT_PER_MINUTE: '0' });
    expect((await askAs(other, RED)).headers.get('ratelimit-limit')).toBeNull();
  });

  it('lets all requests pass while Redis is frozen', async () => {
    redis = await RedisServer.start();
    const gateway = await start({ REDIS_URL: redis.url, API_KEYS, RATE_LIMIT_PER_MINUTE: '3' });
    expect((await askAs(gateway, RED)).status).toBe(200);
    await redis.pause();
    const answers = await Promise.all(Array.from({ length: 30 }, () => askAs(gateway, RED)));
    expect(statusesOf(answers)).toEqual({ 200: 30 });
    for (let call = 0; call < 10; call += 1) expect((await askAs(gateway, BLUE)).status).toBe(200);
    await redis.resume();
  });
});

describe('without keys', () => {
  const OPEN = { ALLOW_ANONYMOUS: 'true', RATE_LIMIT_PER_MINUTE: '2' };

  it('programs of this machine are not limited, whatever address they claim', async () => {
    const gateway = await start(OPEN);
    for (let call = 0; call < 5; call += 1) {
      const answer = await ask(gateway, { 'x-forwarded-for': '203.0.113.7' });
      expect([answer.status, answer.headers.get('ratelimit-limit')]).toEqual([200, null]);
    }
  });

  it('each address that a trusted proxy reports has its own limit', async () => {
    const gateway = await start({ ...OPEN, TRUST_PROXY: 'loopback' });
    const statuses = async (address: string): Promise<number[]> => {
      const seen = [];
      for (let call = 0; call < 3; call += 1) {
        seen.push((await ask(gateway, { 'x-forwarded-for': address })).status);
      }
      return seen;
    };
    expect(await statuses('203.0.113.7')).toEqual([200, 200, 429]);
    expect(await statuses('203.0.113.8')).toEqual([200, 200, 429]);
    // A client can only forge the left part of the header; the proxy appends the true address on the right.
    expect(await statuses('198.51.100.1, 203.0.113.7')).toEqual([429, 429, 429]);
    expect(await statuses('127.0.0.1')).toEqual([200, 200, 200]);
  });
});

describe('requests without a valid key', () => {
  it('are counted by address in all processes, and do not affect a valid key', async () => {
    redis = await RedisServer.start();
    const env = {
      ...PATIENT,
      REDIS_URL: redis.url,
      API_KEYS,
      FAILED_KEYS_PER_MINUTE: '4',
      TRUST_PROXY: 'loopback',
    };
    const [one, two] = await Promise.all([start(env), start(env)]);
    const from = (gateway: Gateway, address: string, key: string): Promise<Response> =>
      ask(gateway, { 'x-forwarded-for': address, 'x-api-key': key });
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => from(index % 2 ? one : two, '203.0.113.7', WRONG + index)),
    );
    expect(statusesOf(answers)).toEqual({ 401: 4, 429: 6 });
    const missing = await ask(one, { 'x-forwarded-for': '203.0.113.7' });
    await expectTooMany(missing, 'ERR_TOO_MANY_FAILED_KEYS');
    expect((await from(one, '203.0.113.7', RED)).status).toBe(200);
    expect((await from(one, '203.0.113.8', WRONG)).status).toBe(401);
  });

  it('count for one address, whatever port or garbage is added to it', async () => {
    const gateway = await start({ API_KEYS, FAILED_KEYS_PER_MINUTE: '2', TRUST_PROXY: 'loopback' });
    const statusesFrom = async (...addresses: string[]): Promise<number[]> => {
      const seen = [];
      for (const address of addresses)
        seen.push((await ask(gateway, { 'x-forwarded-for': address, 'x-api-key': WRONG })).status);
      return seen;
    };
    expect(await statusesFrom('203.0.113.9:1', '203.0.113.9:2', '203.0.113.9')).toEqual([401, 401, 429]);
    expect(await statusesFrom('[2001:db8::1]:9', '2001:db8::2', '[2001:db8:0:1::]')).toEqual([401, 401, 429]);
    // What is no address counts as the proxy's.
    expect(await statusesFrom('garbage-1', 'garbage-2', 'unknown')).toEqual([401, 401, 429]);
  });
});
