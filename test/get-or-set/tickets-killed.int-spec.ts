import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ComputationTicket, GetOrSetOptions, RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { type ManagedProcess, until } from '@test/support/index.js';
import { counted, heldFactory } from './factories.js';
import { cluster, type Place, standalone, startSubmitter } from './ticket-submitters.js';

/** Renewed every third of it, so that a pause of the machine below two thirds loses no lease. */
const LEASE_MS = 6_000;
const LONG_LEASE_MS = 600_000;

describe.each([
  ['a standalone Redis', standalone],
  ['a Cluster', cluster],
])('work whose submitter is killed, on %s', (_name, setUp) => {
  const caches = new Caches();
  let place: Place;
  let worker: RedisCacheService;
  let other: RedisCacheService;
  let submitter: ManagedProcess | undefined;
  let keys = 0;
  let key: string;

  beforeAll(async () => {
    place = await setUp();
  });

  afterAll(() => place?.stop());

  beforeEach(async () => {
    keys += 1;
    key = `key ${keys}`;
    [worker, other] = [open(), open()];
    expect(await Promise.all([worker.isConnected(), other.isConnected()])).toEqual([true, true]);
  });

  const open = (): RedisCacheService => caches.create({ connection: place.connection });

  afterEach(async () => {
    await submitter?.stop();
    await caches.closeAll();
  });

  async function submit(options: GetOrSetOptions): Promise<ComputationTicket> {
    const started = await startSubmitter(place.connection, key, options);
    submitter = started.submitter;
    return started.ticket;
  }

  const leaseKey = (): string => `redis-cache:lease:{${key}}`;
  const isHeld = async (): Promise<boolean> => (await place.timeLeft(leaseKey())) > 0;

  /** Waits until the lease has been renewed. */
  async function untilRenewed(): Promise<void> {
    let before = await place.timeLeft(leaseKey());
    const isRenewed = async (): Promise<boolean> => {
      const now = await place.timeLeft(leaseKey());
      const more = now > before;
      before = now;
      return more;
    };
    await until(isRenewed, { what: 'the lease to be renewed' });
  }

  it('reaches the waiters at once, however long the lease of the submitter lasts', async () => {
    const [work, own] = [heldFactory(), counted(() => 'own')];
    const done = worker.resume(await submit({ leaseMs: LONG_LEASE_MS }), work.factory);
    const call = await work.call(0);
    const waiting = other.getOrSet(key, own);
    await submitter!.kill();
    call.resolve('paid');
    expect(await done).toMatchObject({ value: 'paid', status: 'miss', stored: true });
    expect(await waiting).toBe('paid');
    expect(await other.getCachedResponse(key)).toBe('paid');
    expect(own.calls).toBe(0);
  });

  it('prevents other computations, however long it takes', async () => {
    const [work, own] = [heldFactory(), counted(() => 'own')];
    const done = worker.resume(await submit({ leaseMs: LEASE_MS }), work.factory);
    const call = await work.call(0);
    const waiting = other.getOrSet(key, own);
    await submitter!.kill();
    await untilRenewed();
    await untilRenewed();
    call.resolve('paid');
    expect(await done).toMatchObject({ stored: true });
    expect(await waiting).toBe('paid');
    expect(own.calls).toBe(0);
  });

  it('acquires a new lease if the lease of the submitter expired before it began', async () => {
    const [work, own] = [heldFactory(), counted(() => 'own')];
    const ticket = await submit({ leaseMs: LONG_LEASE_MS, tags: ['tag'] });
    await submitter!.kill();
    await place.expire(leaseKey());
    expect(await isHeld()).toBe(false);
    await other.invalidateTags('tag');
    const done = worker.resume(ticket, work.factory);
    const call = await work.call(0);
    const waiting = other.getOrSet(key, own);
    call.resolve('paid');
    expect(await done).toMatchObject({ stored: true });
    expect(await waiting).toBe('paid');
    expect(await isHeld()).toBe(false);
    expect(own.calls).toBe(0);
    await other.invalidateTags('tag');
    expect(await other.getCachedResponse(key)).toBeNull();
  });
});
