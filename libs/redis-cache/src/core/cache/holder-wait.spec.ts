import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import type { CacheEvent, CacheEventListener } from '../backend/backend.js';
import { MemoryBackend } from '../backend/memory/memory-backend.js';
import { createCounters } from '../counters/counters.js';
import { Guard } from '../guard/guard.js';
import { Relay } from '../stream/relay.js';
import { EventWatch } from './event-watch.js';
import { HolderWait, MAX_POLL_MS, MAX_STRETCH, MIN_POLL_MS, type WaitOutcome } from './holder-wait.js';

const LEASE_MS = 5_000;
const LONG_MS = 600_000;
const WAIT_MS = 30_000;
/** Polls in that time without a growing pause: one in 100 ms on average. */
const ALL_POLLS = WAIT_MS / ((MIN_POLL_MS + MAX_POLL_MS) / 2);

describe('HolderWait', () => {
  let backend: MemoryBackend;
  let token: string;
  let emit: CacheEventListener;
  let outcome: Promise<WaitOutcome>;
  let peek: jest.SpiedFunction<MemoryBackend['leases']['peek']>;

  beforeEach(() => {
    jest.useFakeTimers();
    backend = new MemoryBackend({ maxBytes: 1_000_000 });
    token = randomUUID();
    peek = jest.spyOn(backend.leases, 'peek');
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  async function wait(leaseMs: number, ...before: CacheEvent[]): Promise<void> {
    await backend.leases.acquire('key', token, LONG_MS, { seen: null, hasStale: false, force: false });
    const guard = new Guard(backend, {
      deadlineMs: 400,
      counters: createCounters(),
      logger: new RecordingLogger(),
    });
    const listen = (listener: CacheEventListener): void => {
      emit = listener;
      before.forEach(listener);
    };
    const events = new EventWatch({ listen, close: async () => {} });
    const { signal } = new AbortController();
    const terms = { key: 'key', leaseMs, seen: null, relay: new Relay(), signal };
    outcome = new HolderWait({ backend, guard, events, maxValueBytes: 1_000 }, terms, token).outcome();
    await jest.advanceTimersByTimeAsync(WAIT_MS);
  }

  it('polls a long computation less often while its end is announced', async () => {
    await wait(LEASE_MS, { type: 'up' });
    // 10 in the first second, 10 × ln 5 until the fifth, then two a second.
    expect(peek.mock.calls.length).toBeGreaterThan(60);
    expect(peek.mock.calls.length).toBeLessThan(95);
  });

  it.each<[string, number, CacheEvent[]]>([
    ['nothing is announced', LEASE_MS, []],
    ['the connection for events is lost', LEASE_MS, [{ type: 'up' }, { type: 'down' }]],
    ['a dead leader is to be noticed within a second', 1_000, [{ type: 'up' }]],
  ])('polls ten times a second while %s', async (_when, leaseMs, before) => {
    await wait(leaseMs, ...before);
    expect(peek.mock.calls.length).toBeGreaterThan(0.9 * ALL_POLLS);
    expect(peek.mock.calls.length).toBeLessThan(1.1 * ALL_POLLS);
  });

  it('returns the value at its announcement, however long the pause between polls is', async () => {
    await wait(LEASE_MS, { type: 'up' });
    await backend.leases.complete('key', token, Buffer.from('"value"'), LONG_MS);
    emit({ type: 'ended', key: 'key' });
    await jest.advanceTimersByTimeAsync(0);
    expect(await outcome).toEqual({ state: 'entry', bytes: Buffer.from('"value"') });
  });

  it('notices within the longest pause that the leader is gone without an announcement', async () => {
    await wait(LEASE_MS, { type: 'up' });
    await backend.leases.release('key', token);
    await jest.advanceTimersByTimeAsync(MAX_STRETCH * MAX_POLL_MS);
    expect(await outcome).toEqual({ state: 'gone' });
  });
});
