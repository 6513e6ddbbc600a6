import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { MemoryBackend } from '../backend/memory/memory-backend.js';
import { Guard } from '../guard/guard.js';
import { createCounters } from '../counters/counters.js';
import { HeldLease } from './held-lease.js';

const LEASE_MS = 300;
const REQUEST = { seen: null, hasStale: false, force: false };
const ENTRY = Buffer.from('"entry"');

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);

describe('a lease that is held', () => {
  let backend: MemoryBackend;
  let lease: HeldLease;

  beforeEach(async () => {
    jest.useFakeTimers();
    backend = new MemoryBackend({ maxBytes: 1_000_000 });
    const options = { deadlineMs: 400, counters: createCounters(), logger: new RecordingLogger() };
    const token = randomUUID();
    await backend.leases.acquire('key', token, LEASE_MS, REQUEST);
    lease = new HeldLease(backend, new Guard(backend, options), 'key', token, LEASE_MS);
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const other = () => backend.leases.acquire('key', randomUUID(), LEASE_MS, REQUEST);

  it('is renewed however long it takes', async () => {
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
  ])('is not renewed any more once it is %s', async (_what, end) => {
    expect(await end()).toBe('done');
    const renew = jest.spyOn(backend.leases, 'renew');
    await pass(10 * LEASE_MS);
    expect(renew).not.toHaveBeenCalled();
  });

  it('says that it was lost, when it was', async () => {
    await backend.entries.delete(['key']);
    expect(await lease.complete(ENTRY, 1_000)).toBe('lost');
    expect(await backend.entries.get('key')).toBeNull();
  });

  it('does not keep the process alive', () => {
    const ref = jest.spyOn(globalThis, 'setInterval');
    const another = new HeldLease(backend, guardOf(backend), 'key', 'token', LEASE_MS);
    const timer = ref.mock.results[0]!.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(false);
    void another.release();
  });
});

function guardOf(backend: MemoryBackend): Guard {
  return new Guard(backend, { deadlineMs: 400, counters: createCounters(), logger: new RecordingLogger() });
}
