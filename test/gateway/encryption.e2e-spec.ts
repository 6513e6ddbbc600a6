import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { freePort, RedisServer, spawnNode, until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const KEY = randomBytes(32).toString('base64');
const SECRET = 'zanzibar';
const PROMPT = `A ${SECRET} is far. A ${SECRET} is warm. A ${SECRET} has a harbour.`;

const gateways: Gateway[] = [];
let redis: RedisServer;
let folder: string;

beforeAll(async () => {
  // DUMP would hide text in compressed strings.
  redis = await RedisServer.start({ extraArgs: ['--rdbcompression', 'no'] });
  folder = await mkdtemp(join(tmpdir(), 'encryption-'));
});

afterEach(async () => {
  await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  await redis.client().flushall();
});

afterAll(async () => {
  await redis.stop();
  await rm(folder, { recursive: true });
});

async function start(env: Record<string, string>): Promise<Gateway> {
  const gateway = await startGateway({ REDIS_URL: redis.url, ...env });
  gateways.push(gateway);
  return gateway;
}

/** How many keys of Redis have content with the secret. */
async function secretsStored(): Promise<number> {
  const keys = await redis.client().keys('*');
  const dumps = await Promise.all(keys.map((key) => redis.client().dumpBuffer(key)));
  return dumps.filter((dump) => dump?.includes(SECRET)).length;
}

/** Sends a completion and a request for the queue; returns where the completion came from. */
async function send(gateway: Gateway): Promise<string | null> {
  const response = await gateway.post('/v1/completions', { prompt: PROMPT });
  expect(response.status).toBe(200);
  expect(await response.text()).toContain(SECRET);
  expect((await gateway.post('/v1/queue', { prompt: PROMPT })).status).toBe(202);
  return response.headers.get('cache-status');
}

it('with keys in a file, Redis holds no prompt and no completion, and other gateways with the key have hits', async () => {
  const file = join(folder, 'keys');
  await writeFile(file, `2026:${KEY}\n`, { mode: 0o600 });
  const env = { CACHE_ENCRYPTION_KEYS_FILE: file, QUEUE_CONSUMERS: '0' };
  expect(await send(await start(env))).toMatch(/fwd=miss; stored/);
  expect(await secretsStored()).toBe(0);
  expect(await send(await start(env))).toMatch(/hit/);
  expect(await send(await start({ QUEUE_CONSUMERS: '0' }))).toMatch(/fwd=miss/);
  expect(await secretsStored()).toBe(2);
});

it('the queue is handled as ever', async () => {
  const gateway = await start({ CACHE_ENCRYPTION_KEYS: `2026:${KEY}` });
  expect((await gateway.post('/v1/queue', { prompt: PROMPT })).status).toBe(202);
  const hit = async (): Promise<boolean> => {
    const headers = { 'content-type': 'application/json', 'cache-control': 'only-if-cached' };
    const body = JSON.stringify({ prompt: PROMPT });
    return (await fetch(`${gateway.url}/v1/completions`, { method: 'POST', headers, body })).status === 200;
  };
  await until(hit, { what: 'the completion of the queued request' });
  expect(await secretsStored()).toBe(0);
});

it.each(['apps/gateway/dist/main.js', 'apps/gateway/dist/worker.js'])(
  'a wrong key stops the start of %s, by the name of the variable',
  async (main) => {
    const wrong = KEY.slice(0, 20);
    const server = spawnNode(main, {
      env: {
        PORT: String(await freePort()),
        REDIS_URL: redis.url,
        WORKER_POOL: 'bullmq',
        CACHE_ENCRYPTION_KEYS: `a:${wrong}`,
      },
    });
    expect(await server.exited).toMatchObject({ code: 1 });
    expect(server.stderr).toContain('CACHE_ENCRYPTION_KEYS must be 32 bytes in base64');
    expect(server.stderr + server.stdout).not.toContain(wrong);
  },
);

it('one line says that the tasks of worker processes are not encrypted', async () => {
  const gateway = await start({ CACHE_ENCRYPTION_KEYS: `a:${KEY}`, WORKER_POOL: 'bullmq' });
  const warning = /does not cover the tasks of worker processes/;
  await gateway.process.waitForLine(warning);
  await gateway.stop();
  const lines = `${gateway.process.stdout}\n${gateway.process.stderr}`.split('\n');
  expect(lines.filter((line) => warning.test(line))).toHaveLength(1);
});
