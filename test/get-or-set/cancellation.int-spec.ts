import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer, until, within } from '@test/support/index.js';
import { counted, type HeldCall, heldFactory } from './factories.js';
import { untilListening } from './listening.js';

const LEASE = 'redis-cache:lease:{key}';

let redis: RedisServer;
let here: RedisCacheService;
let elsewhere: RedisCacheService;
const caches = new Caches();

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

beforeEach(async () => {
  await redis.client().flushall();
  [here, elsewhere] = [1, 2].map(() => caches.create({ connection: { url: redis.url } })) as [
    RedisCacheService,
    RedisCacheService,
  ];
  expect(await here.isConnected()).toBe(true);
  expect(await elsewhere.isConnected()).toBe(true);
});

afterEach(() => caches.closeAll());

/** Starts ten callers that wait here for one factory; `leaveAll` aborts the first `count` of them. */
async function tenWaiters(): Promise<{
  running: HeldCall<string>;
  leaveAll: (count: number) => Promise<void>;
}> {
  const { factory, call } = heldFactory();
  const leave = Array.from({ length: 10 }, () => new AbortController());
  // With a lease of ten minutes no test can pass because the lease expired.
  const waiters = leave.map(({ signal }) => here.getOrSet('key', factory, { signal, leaseMs: 600_000 }));
  const running = await call(0);
  const leaveAll = async (count: number): Promise<void> => {
    for (let index = 0; index < count; index += 1) leave[index]!.abort(new Error('left'));
    for (let index = 0; index < count; index += 1) await expect(waiters[index]).rejects.toThrow('left');
  };
  return { running, leaveAll };
}

it('if nine of ten callers abort, the factory continues and its result is stored', async () => {
  const { running, leaveAll } = await tenWaiters();
  await leaveAll(9);
  expect(running.signal.aborted).toBe(false);
  running.resolve('value');
  await until(() => elsewhere.getCachedResponse('key'), { what: 'the value to be stored' });
});

it.each([
  ['the reason of its signal', (signal: AbortSignal) => signal.reason as unknown],
  ['its own error', () => new Error('Request was aborted.')],
])(
  'if all ten callers abort and the factory rejects with %s, the next caller computes at once',
  async (_what, error) => {
    const { running, leaveAll } = await tenWaiters();
    await leaveAll(10);
    expect(running.signal.aborted).toBe(true);
    running.reject(error(running.signal));
    const client = redis.client();
    const isEnded = async (): Promise<boolean> => !String(await client.get(LEASE)).startsWith('h');
    await until(isEnded, { what: 'the end of the lease' });
    expect(await client.exists(LEASE)).toBe(0);
    for (const [cache, value] of [
      [elsewhere, 'next'],
      [here, 'next'],
    ] as const) {
      expect(
        await within(
          cache.getOrSet('key', () => value),
          { what: 'the next caller' },
        ),
      ).toBe(value);
    }
  },
);

it('if all callers abort here while another process waits, that process computes and receives no failure', async () => {
  const { running, leaveAll } = await tenWaiters();
  const factory = counted(() => 'theirs');
  const theirs = Promise.all([1, 2, 3].map(() => elsewhere.getOrSet('key', factory)));
  await untilListening(redis, 1);
  await leaveAll(10);
  running.reject(new Error('Request was aborted.'));
  expect(await within(theirs, { what: 'the waiters in the other process' })).toEqual([
    'theirs',
    'theirs',
    'theirs',
  ]);
  expect(factory.calls).toBe(1);
});

it('a caller that waits for another process can abort at once, and the others keep waiting', async () => {
  const { factory, call } = heldFactory();
  const leader = elsewhere.getOrSet('key', factory);
  const running = await call(0);
  const leave = new AbortController();
  const [impatient, patient] = [leave.signal, undefined].map((signal) =>
    here.getOrSet('key', () => 'not called', { signal }),
  );
  await untilListening(redis, 1);
  leave.abort(new Error('left'));
  await expect(impatient).rejects.toThrow('left');
  running.resolve('value');
  expect([await leader, await patient]).toEqual(['value', 'value']);
});
