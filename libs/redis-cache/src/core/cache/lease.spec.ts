import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { MemoryBackend } from '../backend/memory/memory-backend.js';
import { Guard } from '../guard/guard.js';
import { createCounters } from '../counters/counters.js';
import { Lease } from './lease.js';

const LEASE_MS = 300;
const REQUEST = { seen: null, hasStale: false, force: false };
const ENTRY = Buffer.from('"entry"');

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('a lease', () => {
  let backend: MemoryBackend;
  let token: string;
  let lease: Lease;

  beforeEach(async () => {
    jest.useFakeTimers();
    backend = new MemoryBackend({ maxBytes: 1_000_000 });
    token = randomUUID();
    await backend.leases.acquire('key', token, LEASE_MS, REQUEST);
    lease = new Lease(backend, guardOf(backend), { key: 'key', token, leaseMs: LEASE_MS });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const other = () => backend.leases.acquire('key', randomUUID(), LEASE_MS, REQUEST);

  const adopt = (leader?: Lease): Lease =>
    new Lease(backend, guardOf(backend), { key: 'key', token, leaseMs: LEASE_MS, adopted: { leader } });

  it('is renewed until it is ended', async () => {
    for (let round = 0; round < 50; round += 1) {
      await pass(LEASE_MS);
      expect(await other()).toMatchObject({ state: 'held' });
    }
    expect(await lease.complete(ENTRY, 1_000)).toBe('done');
    expect(await backend.entries.get('key')).toEqual(ENTRY);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['completed', () => lease.complete(ENTRY, 1_000)],
    ['completed with a failure', () => lease.completeFailed(ENTRY, 1_000)],
    ['failed', () => lease.fail('{}', 1)],
    ['shared', () => lease.share('{}', 1)],
    ['released', () => lease.release()],
  ])('is no longer renewed once it is %s', async (_what, end) => {
    expect(await end()).toBe('done');
    const renew = jest.spyOn(backend.leases, 'renew');
    await pass(10 * LEASE_MS);
    expect(renew).not.toHaveBeenCalled();
  });

  it('reports that it was lost', async () => {
    await backend.entries.delete(['key']);
    expect(await lease.complete(ENTRY, 1_000)).toBe('lost');
    expect(await backend.entries.get('key')).toBeNull();
  });

  describe('that is adopted', () => {
    it('stores the value and goes on until its leader ends it', async () => {
      expect(await adopt(lease).complete(ENTRY, 1_000)).toBe('done');
      expect(await backend.entries.get('key')).toEqual(ENTRY);
      expect(await other()).toMatchObject({ state: 'held' });
      expect(await lease.release()).toBe('done');
    });

    it.each<[string, (adopted: Lease) => Promise<unknown>]>([
      ['a failure', (adopted) => adopted.fail('{}', 1)],
      ['a stored failure', (adopted) => adopted.completeFailed(ENTRY, 1_000)],
      ['a shared value', (adopted) => adopted.share('{}', 1)],
      ['a release', (adopted) => adopted.release()],
    ])('is left to its leader after %s', async (_what, end) => {
      expect(await end(adopt())).toBe('done');
      expect(await other()).toMatchObject({ state: 'held' });
      expect(await backend.entries.get('key')).toBeNull();
    });

    it('spares its leader storing the same value again', async () => {
      const entry = Buffer.concat([Buffer.alloc(26), ENTRY]);
      await adopt(lease).complete(entry, 1_000);
      const complete = jest.spyOn(backend.leases, 'complete');
      expect(await lease.complete(Buffer.concat([Buffer.alloc(26, 1), ENTRY]), 1_000)).toBe('there');
      expect(complete).not.toHaveBeenCalled();
      expect(await other()).toMatchObject({ state: 'entry' });
    });
  });

  it('does not keep the process alive', () => {
    const ref = jest.spyOn(globalThis, 'setInterval');
    const another = new Lease(backend, guardOf(backend), { key: 'key', token: 'token', leaseMs: LEASE_MS });
    const timer = ref.mock.results[0]!.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(false);
    void another.release();
  });
});

function guardOf(backend: MemoryBackend): Guard {
  return new Guard(backend, { deadlineMs: 400, counters: createCounters(), logger: new RecordingLogger() });
}
