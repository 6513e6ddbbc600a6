import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  RedisCacheHealthIndicator,
  RedisCacheModule,
  type RedisCacheOptions,
  RedisCacheService,
} from 'nestjs-redis-cache';
import { PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RECOVERY_LIMIT_MS, recoveryMs, untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer, Stopwatch, until } from '@test/support/index.js';

const PASSWORD = 'correct-horse';
const WRONG = 'battery-staple';
const HEALTH_TIMEOUT_MS = 300;
const PATIENT_HEALTH_MS = 10_000;

/** Returns the response of `GET /health`: the body, and status 503 if the check fails. */
async function check(app: TestingModule): Promise<{ status: number; body: Record<string, unknown> }> {
  const indicator = app.get(RedisCacheHealthIndicator, { strict: false });
  try {
    const result = await app.get(HealthCheckService).check([() => indicator.isHealthy('redis')]);
    return { status: 200, body: { ...result } };
  } catch (error) {
    const { status, response } = error as { status: number; response: Record<string, unknown> };
    return { status, body: response };
  }
}

const cacheOf = (app: TestingModule): RedisCacheService => app.get(RedisCacheService, { strict: false });

describe('the health of a cache', () => {
  const apps: TestingModule[] = [];
  let server: RedisServer;
  let log: LogCapture;

  beforeAll(async () => {
    server = await RedisServer.start({ password: PASSWORD });
  });

  beforeEach(() => {
    log = LogCapture.start();
  });

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  afterAll(() => server.stop());

  async function start(required: boolean, options: RedisCacheOptions = {}): Promise<TestingModule> {
    const cache = RedisCacheModule.forRoot({
      connection: { url: server.url },
      commandTimeoutMs: PATIENT_MS,
      health: { required, timeoutMs: PATIENT_HEALTH_MS },
      ...options,
    });
    const module = Test.createTestingModule({ imports: [TerminusModule, cache] }).setLogger(log);
    const app = await module.compile();
    apps.push(app);
    return app.init();
  }

  it.each([false, true])('is up on a Redis that accepts writes, with required %s', async (required) => {
    const { status, body } = await check(await start(required));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'ok',
      details: {
        redis: {
          status: 'up',
          backend: 'redis',
          state: 'serving',
          breaker: 'closed',
          writable: true,
          latencyMs: expect.any(Number),
          lastError: null,
        },
      },
    });
  });

  it.each([
    [false, 200, 'degraded', 'degraded'],
    [true, 503, 'error', 'down'],
  ])('with required %s has status %d without Redis', async (required, code, overall, state) => {
    const app = await start(required, { connection: { url: `redis://:${PASSWORD}@127.0.0.1:1` } });
    await untilPhase(cacheOf(app), 'unavailable');
    const { status, body } = await check(app);
    expect(status).toBe(code);
    expect(body).toMatchObject({
      status: overall,
      details: { redis: { status: state, state: 'unavailable', writable: false, lastError: 'ECONNREFUSED' } },
    });
    expect(JSON.stringify([body, log.lines])).not.toContain(PASSWORD);
  });

  it.each([
    [false, 200, 'degraded'],
    [true, 503, 'down'],
  ])('with required %s has status %d on a Redis that refuses writes', async (required, code, state) => {
    const app = await start(required);
    const admin = server.client();
    await admin.replicaof('127.0.0.1', '1');
    const { status, body } = await check(app);
    await admin.replicaof('NO', 'ONE');
    expect(status).toBe(code);
    expect(body).toMatchObject({
      details: { redis: { status: state, state: 'serving', lastError: 'READONLY' } },
    });
    expect(await check(app)).toMatchObject({ status: 200, body: { status: 'ok' } });
  });

  it('is returned within its own timeout on a frozen Redis, and is up again afterwards', async () => {
    const app = await start(false, { health: { timeoutMs: HEALTH_TIMEOUT_MS } });
    expect(await cacheOf(app).isConnected()).toBe(true);
    await server.pause();
    const watch = Stopwatch.start();
    const frozen = await check(app);
    const tookMs = watch.stop();
    await server.resume();
    expect(tookMs).toBeLessThan(HEALTH_TIMEOUT_MS + 1_000);
    expect(frozen).toMatchObject({
      status: 200,
      body: { status: 'degraded', details: { redis: { status: 'degraded', latencyMs: null } } },
    });
    expect(await recoveryMs(cacheOf(app))).toBeLessThan(RECOVERY_LIMIT_MS);
    await until(async () => (await check(app)).body['status'] === 'ok', { what: 'the check to be up again' });
  });

  it('is returned within its own timeout on a Redis that was frozen from the start', async () => {
    await server.pause();
    const app = await start(false, { health: { timeoutMs: HEALTH_TIMEOUT_MS } });
    const watch = Stopwatch.start();
    const frozen = await check(app);
    const tookMs = watch.stop();
    await server.resume();
    expect(tookMs).toBeLessThan(HEALTH_TIMEOUT_MS + 1_000);
    expect(frozen).toMatchObject({ body: { details: { redis: { status: 'degraded', state: 'starting' } } } });
  });

  it.each<[string, () => RedisCacheOptions]>([
    [
      'in an address',
      () => ({ connection: { url: `redis://nobody:${WRONG}@${server.host}:${server.port}` } }),
    ],
    ['as an option', () => ({ connection: { host: server.host, port: server.port, password: WRONG } })],
  ])('never shows a wrong password that was given %s', async (_what, options) => {
    const app = await start(false, options());
    await untilPhase(cacheOf(app), 'unavailable');
    const { body } = await check(app);
    expect(body).toMatchObject({ details: { redis: { status: 'degraded', lastError: 'WRONGPASS' } } });
    expect(log.matching(/^Redis /)).toHaveLength(1);
    const shown = JSON.stringify([body, log.lines, cacheOf(app).getStatus(), cacheOf(app).getCounters()]);
    expect(shown).not.toContain(WRONG);
  });

  it('warns of a Redis that may evict queued requests, from their first use until the policy is changed', async () => {
    const app = await start(false, { keyPrefix: 'evicted' });
    const warnings = async (): Promise<unknown> => (await cacheOf(app).getWarnings()).join();
    const admin = server.client();
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await check(app)).toMatchObject({ body: { details: { redis: { warnings: [] } } } });
    await cacheOf(app).sharedCounters.add('savings', { hits: 1 });
    expect(await check(app)).toMatchObject({
      status: 200,
      body: {
        status: 'ok',
        details: { redis: { status: 'up', warnings: [expect.stringContaining('is allkeys-lru')] } },
      },
    });
    expect(log.matching(/may evict/)).toHaveLength(1);
    await admin.config('SET', 'maxmemory-policy', 'volatile-lru');
    expect(await warnings()).toBe('');
    await admin.config('SET', 'maxmemory-policy', 'noeviction');
  });

  it('leaves only its own small key, which expires within seconds', async () => {
    const app = await start(false, { keyPrefix: 'probed' });
    await check(app);
    const admin = server.client();
    expect(await admin.keys('probed*')).toEqual(['probed:probe']);
    expect(await admin.strlen('probed:probe')).toBe(0);
    expect(await admin.pttl('probed:probe')).toBeGreaterThan(0);
    expect(await admin.pttl('probed:probe')).toBeLessThanOrEqual(10_000);
  });
});
