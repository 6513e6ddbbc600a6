import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort, RedisServer, until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const BYPASS = 'redis-cache; fwd=bypass; detail=redis-unavailable';
const DEADLINE_MS = 500;
let gateway: Gateway;
let redis: RedisServer | undefined;
let other: RedisServer | undefined;
let prompts = 0;

afterEach(async () => {
  await gateway?.stop();
  await redis?.stop();
  await other?.stop();
  redis = undefined;
  other = undefined;
});

/** A prompt that no cache has seen. */
function freshPrompt(): string {
  prompts += 1;
  return `Fault number ${prompts} is survived. The answer comes all the same.`;
}

async function cacheStatusOf(prompt: string): Promise<string | null> {
  const response = await gateway.post('/v1/completions', { prompt });
  expect(response.status).toBe(200);
  expect(((await response.json()) as { completion: string }).completion).not.toBe('');
  return response.headers.get('cache-status');
}

/** As soon as the fault has a name: what was asked first may have hit its deadline before. */
async function expectDegraded(lastError: string): Promise<void> {
  const named = async (): Promise<boolean> =>
    (await (await gateway.get('/health')).text()).includes(lastError);
  await until(named, { what: `the health to name ${lastError}` });
  const response = await gateway.get('/health');
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    status: 'degraded',
    details: { redis: { status: 'degraded', writable: false, lastError } },
  });
}

async function expectHitsAgain(): Promise<void> {
  await until(
    async () => ((await (await gateway.get('/health')).json()) as { status: string }).status === 'ok',
    {
      what: 'readiness to be ok again without a restart',
    },
  );
  const prompt = freshPrompt();
  expect(await cacheStatusOf(prompt)).toBe('redis-cache; fwd=miss; stored');
  expect(await cacheStatusOf(prompt)).toMatch(/^redis-cache; hit/);
}

// What this process has a copy of is a hit all the time; anything else is computed.
describe('completions continue without Redis', () => {
  it('when nothing listens, with hits once Redis is there', async () => {
    const port = await freePort();
    gateway = await startGateway({ REDIS_HOST: '127.0.0.1', REDIS_PORT: String(port) });
    expect(await cacheStatusOf(freshPrompt())).toBe(BYPASS);
    await expectDegraded('ECONNREFUSED');
    redis = await RedisServer.start({ port });
    await expectHitsAgain();
    const entries = redis.client();
    await until(async () => (await entries.keys('redis-cache:cache:*')).length === 2, {
      what: 'what was computed without Redis to be stored as well',
    });
  });

  it('when Redis is killed, with hits once it is restarted', async () => {
    redis = await RedisServer.start();
    gateway = await startGateway({ REDIS_URL: redis.url });
    const prompt = freshPrompt();
    await cacheStatusOf(prompt);
    expect(await cacheStatusOf(prompt)).toMatch(/^redis-cache; hit/);
    await redis.kill();
    expect(await cacheStatusOf(prompt)).toMatch(/^redis-cache; hit/);
    expect(await cacheStatusOf(freshPrompt())).toBe(BYPASS);
    expect((await (await gateway.get('/health')).json()) as object).toMatchObject({ status: 'degraded' });
    await redis.restart();
    await expectHitsAgain();
  });

  it('when Redis is frozen, after a single deadline', async () => {
    redis = await RedisServer.start();
    gateway = await startGateway({ REDIS_URL: redis.url, REDIS_COMMAND_TIMEOUT_MS: String(DEADLINE_MS) });
    const known = freshPrompt();
    await cacheStatusOf(known);
    expect(await cacheStatusOf(known)).toMatch(/^redis-cache; hit/);
    await redis.pause();
    const startedAt = performance.now();
    const rounds = 20;
    for (let round = 0; round < rounds; round += 1) {
      expect(await cacheStatusOf(known)).toMatch(/^redis-cache; hit/);
      expect(await cacheStatusOf(freshPrompt())).toBe(BYPASS);
    }
    // Without the breaker it would be a deadline for each look-up and each write: 20 s and more.
    expect(performance.now() - startedAt).toBeLessThan(rounds * DEADLINE_MS);
    await expectDegraded('TIMEOUT');
    await redis.resume();
    await until(async () => (await cacheStatusOf(known))?.startsWith('redis-cache; hit'), {
      what: 'the old entry to be found again',
    });
    await expectHitsAgain();
  });

  it('when the password is wrong, and never shows it', async () => {
    redis = await RedisServer.start({ password: 'right-secret' });
    gateway = await startGateway({
      REDIS_HOST: '127.0.0.1',
      REDIS_PORT: String(redis.port),
      REDIS_PASSWORD: 'wrong-secret',
    });
    expect(await cacheStatusOf(freshPrompt())).toBe(BYPASS);
    await expectDegraded('WRONGPASS');
    const said =
      (await (await gateway.get('/health')).text()) + gateway.process.stdout + gateway.process.stderr;
    expect(said).not.toMatch(/(wrong|right)-secret/);
    await redis.client().config('SET', 'requirepass', 'wrong-secret');
    await expectHitsAgain();
  });

  it('when Redis is a read-only replica', async () => {
    other = await RedisServer.start();
    redis = await RedisServer.start({ replicaOf: { port: other.port } });
    gateway = await startGateway({ REDIS_URL: redis.url });
    expect(await cacheStatusOf(freshPrompt())).toBe(BYPASS);
    await expectDegraded('READONLY');
    await redis.client().replicaof('NO', 'ONE');
    await expectHitsAgain();
  });

  it('when Redis is out of memory', async () => {
    redis = await RedisServer.start({ maxmemory: '1', extraArgs: ['--maxmemory-policy', 'noeviction'] });
    gateway = await startGateway({ REDIS_URL: redis.url });
    expect(await cacheStatusOf(freshPrompt())).toBe(BYPASS);
    await expectDegraded('OOM');
    await redis.client().config('SET', 'maxmemory', '0');
    await expectHitsAgain();
  });
});
