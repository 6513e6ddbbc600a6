import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { ComputationTicket, GetOrSetOptions, RedisCacheService } from 'nestjs-redis-cache';
import { Caches } from '../fixtures/redis-cache/caches.js';
import { type ManagedProcess, until } from '../support/index.js';
import { counted, heldFactory } from './factories.js';
import { cluster, type Place, standalone, startSubmitter } from './ticket-submitters.js';

const LEASE_MS = 500;
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

  const isHeld = async (): Promise<boolean> => (await place.exists(`redis-cache:lease:{${key}}`)) === 1;

  it('reaches those who wait at once, however long the lease of the dead one lasts', async () => {
    const [work, own] = [heldFactory(), counted(() => 'anew')];
    const done = worker.resumeEntry(await submit({ leaseMs: LONG_LEASE_MS }), work.factory);
    const call = await work.call(0);
    const waiting = other.getOrSet(key, own);
    await submitter!.kill();
    call.resolve('paid');
    expect(await done).toMatchObject({ value: 'paid', status: 'miss', stored: true });
    expect(await waiting).toBe('paid');
    expect(await other.getCachedResponse(key)).toBe('paid');
    expect(own.calls).toBe(0);
  });

  it('keeps others out however long it takes', async () => {
    const [work, own] = [heldFactory(), counted(() => 'anew')];
    const done = worker.resumeEntry(await submit({ leaseMs: LEASE_MS }), work.factory);
    const call = await work.call(0);
    const waiting = other.getOrSet(key, own);
    await submitter!.kill();
    const late = Date.now() + 3 * LEASE_MS;
    await until(() => Date.now() > late, { what: 'three times the lease to pass' });
    call.resolve('paid');
    expect(await done).toMatchObject({ stored: true });
    expect(await waiting).toBe('paid');
    expect(own.calls).toBe(0);
  });

  it('takes the lease anew when that of the dead one has run out before it begins', async () => {
    const [work, own] = [heldFactory(), counted(() => 'anew')];
    const ticket = await submit({ leaseMs: LEASE_MS, tags: ['tag'] });
    await submitter!.kill();
    await until(async () => !(await isHeld()), { what: 'the lease to run out' });
    await other.invalidateTags('tag');
    const done = worker.resumeEntry(ticket, work.factory);
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
