import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { GetOrSetOptions, RedisCacheService } from 'nestjs-redis-cache';
import { encodeEntry } from '@redis-cache/core/entry/entry-envelope.js';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { type ManagedProcess, RedisServer, until } from '@test/support/index.js';
import { counted, failing, heldFactory } from './factories.js';
import { untilListening } from './listening.js';
import { begin, factoryCalls, release, reportOf, type Scenario, startAsking, total } from './processes.js';

const CALLERS = 10;

let redis: RedisServer;
let here: RedisCacheService;
let key: string;
const caches = new Caches();
const children: ManagedProcess[] = [];
let keys = 0;

beforeAll(async () => {
  LogCapture.start();
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  keys += 1;
  key = `key ${keys}`;
  here = caches.create({ connection: { url: redis.url } });
  expect(await here.isConnected()).toBe(true);
});

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.stop()));
  await caches.closeAll();
});

async function start(scenario: Partial<Scenario>): Promise<ManagedProcess> {
  const child = await startAsking({ connection: { url: redis.url }, key, callers: CALLERS, ...scenario });
  children.push(child);
  return child;
}

/** Runs a scenario in another process and returns its report and the number of factory calls. */
async function askElsewhere(scenario: Partial<Scenario>) {
  const child = await start(scenario);
  begin(child);
  const { values, statuses, errors } = await reportOf(child);
  return { values, statuses, errors, calls: factoryCalls(child) };
}

/** Stores an entry in Redis as if it had been written `ageMs` ago. */
async function storeAged(value: string, ageMs: number, ttlMs: number, keepMs: number): Promise<void> {
  const createdAt = Date.now() - ageMs;
  const times = { createdAt, expiresAt: createdAt + ttlMs, durationMs: 1 };
  const entry = encodeEntry(JSON.stringify(value), times);
  await redis.client().set(`redis-cache:cache:{${key}}`, entry, 'PX', keepMs);
}

describe('another process', () => {
  it('returns the stale value without a factory call after a refresh failed here', async () => {
    const options = { ttlSeconds: 10, staleSeconds: 600, failureBackoffMs: 60_000 };
    await storeAged('old', 20_000, 10_000, 600_000);
    expect(await here.getOrSetEntry(key, failing('no'), options)).toMatchObject({ status: 'stale' });
    const { calls, values, statuses } = await askElsewhere({ value: 'new', options });
    expect([calls, values, statuses]).toEqual([0, { old: CALLERS }, { stale: CALLERS }]);
  });

  it('calls the factory again once the back-off since the failure is over', async () => {
    const options = { ttlSeconds: 10, staleSeconds: 600, failureBackoffMs: 50 };
    await storeAged('old', 20_000, 10_000, 600_000);
    await here.getOrSetEntry(key, failing('no'), options);
    const isOver = async (): Promise<boolean> =>
      (await redis.client().exists(`redis-cache:lease:{${key}}`)) === 0;
    await until(isOver, { what: 'the end of the back-off' });
    const { calls, values } = await askElsewhere({ value: 'new', options });
    expect([calls, values]).toEqual([1, { new: CALLERS }]);
  });

  it.each<[string, GetOrSetOptions['negativeTtlSeconds']]>([
    ['a number', 60],
    ['a function', (error) => ((error as { code: string }).code === 'ENOENT' ? 60 : 0)],
  ])(
    'receives a failure kept by negativeTtlSeconds (%s) without a factory call',
    async (_what, negativeTtlSeconds) => {
      const first = here.getOrSet(key, failing('no such prompt', 'ENOENT'), { negativeTtlSeconds });
      await expect(first).rejects.toThrow('no such prompt');
      const { calls, errors } = await askElsewhere({ value: 'new' });
      expect([calls, errors]).toEqual([0, { 'ENOENT: no such prompt': CALLERS }]);
      expect(await here.getCachedResponse(key)).toBeNull();
    },
  );

  it('receives a failure that expires before its notification arrives', async () => {
    const child = await start({ value: 'not called' });
    const { factory, call } = heldFactory();
    const first = here.getOrSet(key, factory, { negativeTtlSeconds: 0.001 }).catch(() => 'failed');
    const running = await call(0);
    begin(child);
    await untilListening(redis, 1);
    running.reject(new Error('brief'));
    expect(await first).toBe('failed');
    expect((await reportOf(child)).errors).toEqual({ 'ERR_CACHE_REMOTE_FACTORY: brief': CALLERS });
    expect(factoryCalls(child)).toBe(0);
  });

  it('computes tagged entries again after an invalidation here, and no others', async () => {
    const tags = ['user:1', 'model:a'];
    await here.getOrSet(key, () => 'old', { tags });
    await here.getOrSet('untagged', () => 'kept', { tags: ['user:2'] });
    expect(await askElsewhere({ value: 'new' })).toMatchObject({ calls: 0, values: { old: CALLERS } });
    expect(await here.invalidateTags('model:a')).toBe(true);
    expect(await askElsewhere({ value: 'new', options: { tags } })).toMatchObject({
      calls: 1,
      values: { new: CALLERS },
    });
    expect(await askElsewhere({ key: 'untagged' })).toMatchObject({ calls: 0, values: { kept: CALLERS } });
  });
});

describe.each<[string, () => Promise<boolean>]>([
  ['delete', () => here.delete(key)],
  ['clearCache', () => here.clearCache()],
  ['invalidateTags', () => here.invalidateTags('tag')],
])('%s while a factory runs in another process', (_name, invalidate) => {
  const options = { tags: ['tag'] };

  it('does not return the result to later callers', async () => {
    // One caller only: waiters would compute again.
    const child = await start({ value: 'old', factoryMs: 500, callers: 1, options });
    begin(child);
    await child.waitForLine(/^factory$/);
    expect(await invalidate()).toBe(true);
    const factory = counted(() => 'new');
    const late = await Promise.all([1, 2, 3].map(() => here.getOrSet(key, factory, options)));
    expect(late).toEqual(['new', 'new', 'new']);
    expect((await reportOf(child)).values).toEqual({ old: 1 });
    expect(await here.getCachedResponse(key)).toBe('new');
    expect(factory.calls).toBe(1);
  });

  it('does not store the result', async () => {
    const child = await start({ value: 'old', factoryMs: 300, callers: 1, options });
    begin(child);
    await child.waitForLine(/^factory$/);
    await invalidate();
    expect((await reportOf(child)).values).toEqual({ old: 1 });
    expect(await here.getCachedResponse(key)).toBeNull();
  });
});

it('callers after a delete in another process do not join a refresh that began before it', async () => {
  await storeAged('older', 20_000, 10_000, 600_000);
  const options = { staleSeconds: 600, softTimeoutMs: 0 };
  const elsewhere = caches.create({ connection: { url: redis.url } });
  const { factory, call } = heldFactory();
  expect(await here.getOrSet(key, factory, options)).toBe('older');
  const refresh = await call(0);
  expect(await elsewhere.delete(key)).toBe(true);
  const anew = counted(() => 'new');
  const late = [here.getOrSet(key, anew), here.getOrSet(key, anew)];
  // Once this lookup is done, the callers wait behind the refresh.
  await here.lookup(key);
  refresh.resolve('old');
  expect(await Promise.all(late)).toEqual(['new', 'new']);
  expect(await elsewhere.getCachedResponse(key)).toBe('new');
  expect(anew.calls).toBe(1);
});

describe('refreshAhead', () => {
  const options = { ttlSeconds: 100, refreshAhead: 0.4 };

  beforeEach(() => storeAged('old', 50_000, 100_000, 50_000));

  it('costs one factory call in two processes, and all callers receive the old value at once', async () => {
    const both = await Promise.all([1, 2].map(() => start({ options, held: true })));
    begin(...both);
    await release(...both);
    const reports = await Promise.all(both.map(reportOf));
    expect(total(reports.map(({ values }) => values))).toEqual({ old: 2 * CALLERS });
    expect(total(reports.map(({ statuses }) => statuses))).toEqual({ hit: 2 * CALLERS });
    expect(factoryCalls(...both)).toBe(1);
  });

  it('stores the new value for all processes', async () => {
    const other = caches.create({ connection: { url: redis.url } });
    const { factory, call, calls } = heldFactory();
    const ask = (cache: RedisCacheService) => cache.getOrSetEntry(key, factory, options);
    expect(await ask(here)).toMatchObject({ value: 'old', status: 'hit' });
    const running = await call(0);
    for (let hit = 0; hit < 20; hit += 1) expect(await ask(other)).toMatchObject({ value: 'old' });
    running.resolve('new');
    await until(async () => (await ask(other)).value === 'new', { what: 'the refresh' });
    expect(await ask(here)).toMatchObject({ value: 'new', status: 'hit' });
    expect(calls).toHaveLength(1);
  });

  it('is not repeated in another process until the back-off after a failure here is over', async () => {
    const careful = { ...options, negativeTtlSeconds: 60, failureBackoffMs: 60_000 };
    const factory = failing('no');
    expect(await here.getOrSetEntry(key, factory, careful)).toMatchObject({ value: 'old', status: 'hit' });
    const hasFailed = async (): Promise<boolean> =>
      String(await redis.client().get(`redis-cache:lease:{${key}}`)).startsWith('f');
    await until(hasFailed, { what: 'the failure to be stored' });
    expect(await askElsewhere({ options: careful })).toMatchObject({ calls: 0, values: { old: CALLERS } });
    expect(await here.getCachedResponse(key)).toBe('old');
    expect(factory.calls).toBe(1);
  });
});
