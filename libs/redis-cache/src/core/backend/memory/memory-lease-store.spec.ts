import { randomUUID } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { leaseConformance } from '@test/get-or-set/lease-conformance.js';
import { MemoryBackend } from './memory-backend.js';
import { MemoryEntryStore } from './memory-entry-store.js';
import { MemoryLeaseStore } from './memory-lease-store.js';

leaseConformance('memory', async () => ({
  backend: new MemoryBackend({ maxBytes: 1_000_000 }),
  stop: async () => {},
}));

const REQUEST = { seen: null, hasStale: false, force: false };

function atTime(): { backend: MemoryBackend; clock: { now: number } } {
  const clock = { now: 0 };
  return { backend: new MemoryBackend({ maxBytes: 1_000_000, now: () => clock.now }), clock };
}

describe('leases on memory', () => {
  it('expire on time, to the millisecond', async () => {
    const { backend, clock } = atTime();
    await backend.leases.acquire('key', 'one', 100, REQUEST);
    clock.now = 99;
    expect(await backend.leases.acquire('key', 'two', 100, REQUEST)).toEqual({
      state: 'held',
      holder: 'one',
    });
    clock.now = 100;
    expect(await backend.leases.acquire('key', 'two', 100, REQUEST)).toEqual({ state: 'acquired' });
  });

  it('expire at a time counted from the renewal', async () => {
    const { backend, clock } = atTime();
    await backend.leases.acquire('key', 'one', 100, REQUEST);
    clock.now = 60;
    expect(await backend.leases.renew('key', 'one', 100)).toBe(true);
    clock.now = 159;
    expect(await backend.leases.renew('key', 'one', 100)).toBe(true);
    clock.now = 259;
    expect(await backend.leases.renew('key', 'one', 100)).toBe(false);
  });

  it('leave nothing behind for keys that are never requested again', async () => {
    const clock = { now: 0 };
    const now = (): number => clock.now;
    const leases = new MemoryLeaseStore(new MemoryEntryStore(1_000, now), now);
    for (let key = 0; key < 50_000; key += 1) {
      clock.now += 1;
      await leases.acquire(`key ${key}`, 'holder', 100, REQUEST);
      if (key % 2 === 0) await leases.share(`key ${key}`, 'holder', '{}', 100);
    }
    expect(leases.size).toBeLessThan(5_000);
    expect(await leases.acquire('key 49999', randomUUID(), 100, REQUEST)).toMatchObject({ state: 'held' });
  });
});
