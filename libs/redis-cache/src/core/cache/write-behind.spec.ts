import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { MemoryBackend } from '../backend/memory/memory-backend.js';
import { Guard } from '../guard/guard.js';
import { createCounters, type RedisCacheCounters } from '../counters/counters.js';
import { encodeEntry } from '../entry/entry-envelope.js';
import { WriteBehind, type WriteBehindLimits } from './write-behind.js';

const START = 1_000_000;

function entryOf(text: string, createdAt = START): Buffer {
  return encodeEntry(JSON.stringify(text), { createdAt, expiresAt: createdAt + 60_000, durationMs: 0 });
}

const SIZE = entryOf('x').byteLength;

/** Keys that the store refuses, as Redis refuses to overwrite another type. */
class RefusingBackend extends MemoryBackend {
  constructor(readonly refused: Set<string>) {
    super({ maxBytes: 1_000_000 });
    const { entries } = this;
    const write = entries.setUnlessYounger.bind(entries);
    entries.setUnlessYounger = async (key, entry, ttlMs) => {
      const wrongType = Object.assign(new Error('WRONGTYPE no string'), { name: 'ReplyError' });
      return refused.has(key) ? Promise.reject(wrongType) : write(key, entry, ttlMs);
    };
  }
}

describe('write-behind', () => {
  let counters: RedisCacheCounters;
  let backend: RefusingBackend;
  let now: number;

  beforeEach(() => {
    now = START;
    counters = createCounters();
    backend = new RefusingBackend(new Set());
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  function waiting(limits: Partial<WriteBehindLimits> = {}): WriteBehind {
    const guard = new Guard(backend, { deadlineMs: 400, counters, logger: new RecordingLogger() });
    const all = { maxEntries: 100, maxBytes: 1_000_000, ...limits };
    return new WriteBehind(backend.entries, guard, counters, all, () => now);
  }

  const until = START + 60_000;
  const stored = (key: string): Promise<Buffer | null> => backend.entries.get(key);

  it('writes buffered values, and counts them', async () => {
    const late = waiting();
    for (const key of ['a', 'b', 'c']) late.add(key, entryOf(key), until);
    await late.drain();
    for (const key of ['a', 'b', 'c']) expect(await stored(key)).toEqual(entryOf(key));
    expect(late.size).toBe(0);
    expect(counters.lateWrites).toBe(3);
  });

  it('keeps no more memory than its entries have bytes', async () => {
    const written: Buffer[] = [];
    const write = backend.entries.setUnlessYounger.bind(backend.entries);
    backend.entries.setUnlessYounger = (key, entry, ttlMs) => {
      written.push(entry);
      return write(key, entry, ttlMs);
    };
    const late = waiting();
    late.add('key', entryOf('a small buffer is a slice of a block'), until);
    await late.drain();
    expect(written.map(({ buffer }) => buffer.byteLength)).toEqual(written.map(({ length }) => length));
  });

  it('drops the oldest above maxEntries, and counts them', async () => {
    const late = waiting({ maxEntries: 2 });
    for (const key of ['a', 'b', 'c', 'd']) late.add(key, entryOf('x'), until);
    expect(late.size).toBe(2);
    expect(counters.droppedWrites).toBe(2);
    await late.drain();
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(stored))).toEqual([
      null,
      null,
      entryOf('x'),
      entryOf('x'),
    ]);
  });

  it('drops the oldest above maxBytes, and values that never fit', async () => {
    const late = waiting({ maxBytes: 2 * SIZE });
    for (const key of ['a', 'b', 'c']) late.add(key, entryOf('x'), until);
    expect(late.size).toBe(2);
    late.add('large', entryOf('x'.repeat(2 * SIZE)), until);
    expect(late.size).toBe(0);
    expect(counters.droppedWrites).toBe(4);
  });

  it('keeps count of its bytes through replacing, dropping and clearing', () => {
    const late = waiting({ maxBytes: 2 * SIZE });
    for (let round = 0; round < 100; round += 1) {
      late.add('a', entryOf('x'), until);
      late.add('a', entryOf('y'), until);
      late.drop('a');
      late.drop('a');
      late.add('b', entryOf('z'), until);
      late.clear();
    }
    late.add('a', entryOf('x'), until);
    late.add('b', entryOf('x'), until);
    expect(late.size).toBe(2);
    expect(counters.droppedWrites).toBe(0);
  });

  it('drops expired values', async () => {
    const late = waiting();
    late.add('a', entryOf('a'), START + 10);
    now = START + 10;
    await late.drain();
    expect(await stored('a')).toBeNull();
    expect(late.size).toBe(0);
    expect(counters.lateWrites).toBe(0);
  });

  it('does not overwrite a younger entry, and overwrites an older one', async () => {
    const late = waiting();
    await backend.entries.set('younger', entryOf('there', START + 1), 60_000);
    await backend.entries.set('older', entryOf('there', START - 1), 60_000);
    for (const key of ['younger', 'older']) late.add(key, entryOf('late'), until);
    await late.drain();
    expect(await stored('younger')).toEqual(entryOf('there', START + 1));
    expect(await stored('older')).toEqual(entryOf('late'));
  });

  it('continues after an entry that the store refuses', async () => {
    const late = waiting();
    backend.refused.add('refused');
    for (const key of ['refused', 'a', 'b']) late.add(key, entryOf(key), until);
    await late.drain();
    expect(await stored('a')).toEqual(entryOf('a'));
    expect(await stored('b')).toEqual(entryOf('b'));
    expect(late.size).toBe(1);
    backend.refused.clear();
    await late.drain();
    expect(await stored('refused')).toEqual(entryOf('refused'));
  });

  it('writes values that are added while it writes, each once', async () => {
    const late = waiting();
    late.add('a', entryOf('a'), until);
    const draining = Promise.all([late.drain(), late.drain()]);
    late.add('b', entryOf('b'), until);
    await draining;
    expect(late.size).toBe(0);
    expect(counters.lateWrites).toBe(2);
  });

  it('keeps a newer value that was added while the older was being written', async () => {
    const late = waiting();
    late.add('a', entryOf('old'), until);
    const draining = late.drain();
    late.add('a', entryOf('new', START + 5), until);
    await draining;
    expect(await stored('a')).toEqual(entryOf('new', START + 5));
  });

  it('tries refused values again by itself, while the store serves', async () => {
    jest.useFakeTimers();
    const late = waiting();
    backend.refused.add('a');
    late.add('a', entryOf('a'), until);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(late.size).toBe(1);
    backend.refused.clear();
    await jest.advanceTimersByTimeAsync(30_000);
    expect(await stored('a')).toEqual(entryOf('a'));
    expect(late.size).toBe(0);
  });

  it('stops an attempt after ten refusals, and begins the next one with the others', async () => {
    const late = waiting();
    const refused = Array.from({ length: 10 }, (_, index) => `refused-${index}`);
    for (const key of [...refused, 'a']) late.add(key, entryOf(key), until);
    refused.forEach((key) => backend.refused.add(key));
    await late.drain();
    expect([late.size, await stored('a')]).toEqual([11, null]);
    await late.drain();
    expect([late.size, await stored('a')]).toEqual([10, entryOf('a')]);
  });
});
