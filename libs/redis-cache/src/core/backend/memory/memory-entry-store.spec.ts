import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryEntryStore } from './memory-entry-store.js';

const MAX_BYTES = 10_000;

describe('MemoryEntryStore', () => {
  let now: number;
  let store: MemoryEntryStore;

  beforeEach(() => {
    now = 1_000;
    store = new MemoryEntryStore(MAX_BYTES, () => now);
  });

  const put = (key: string, bytes = 10, ttlMs = 1_000): Promise<void> =>
    store.set(key, Buffer.alloc(bytes, key), ttlMs);
  const has = async (key: string): Promise<boolean> => (await store.get(key)) !== null;

  it('returns the bytes', async () => {
    await store.set('key', Buffer.from([0, 255, 128]), 1);
    expect(await store.get('key')).toEqual(Buffer.from([0, 255, 128]));
    expect(await store.get('other')).toBeNull();
  });

  it('keeps no more memory than an entry has bytes', async () => {
    const slice = Buffer.from('a small buffer is a slice of a block');
    expect(slice.buffer.byteLength).toBeGreaterThan(slice.byteLength);
    await store.set('key', slice, 1_000);
    await store.setUnlessYounger('late', slice, 1_000);
    for (const key of ['key', 'late']) {
      const kept = await store.get(key);
      expect(kept).toEqual(slice);
      expect(kept!.buffer.byteLength).toBe(slice.byteLength);
    }
  });

  it.each([1, 2, 1_000, 3_600_000, 3_155_760_000_000])(
    'keeps an entry for %d ms and no longer',
    async (ttlMs) => {
      await put('key', 10, ttlMs);
      now += ttlMs;
      expect(await has('key')).toBe(true);
      now += 1;
      expect(await has('key')).toBe(false);
    },
  );

  it('counts the TTL from the latest writing, not from a reading', async () => {
    await put('key', 10, 100);
    now += 90;
    await store.get('key');
    now += 20;
    expect(await has('key')).toBe(false);
    await put('key', 10, 100);
    now += 90;
    expect(await has('key')).toBe(true);
  });

  it('stores an entry even when its TTL ends before the call does', async () => {
    const hasty = new MemoryEntryStore(MAX_BYTES, () => (now += 10));
    await expect(hasty.set('key', Buffer.from('x'), 1)).resolves.toBeUndefined();
    expect(await hasty.get('key')).toBeNull();
  });

  it('drops the least recently used entries first when the bytes are used up', async () => {
    for (const key of ['a', 'b', 'c']) await put(key, 3_000);
    await store.get('a');
    await put('d', 3_000);
    expect(await Promise.all(['a', 'b', 'c', 'd'].map(has))).toEqual([true, false, true, true]);
  });

  it('counts keys and an overhead per entry, so that tiny entries are bounded too', async () => {
    for (let key = 0; key < 1_000; key += 1) await put(`key-${key}`, 0);
    const kept = await Promise.all(Array.from({ length: 1_000 }, (_, key) => has(`key-${key}`)));
    const count = kept.filter(Boolean).length;
    expect(count).toBeGreaterThan(0);
    expect(count).toBeLessThan(MAX_BYTES / 128);
  });

  it('rejects an entry that does not fit at all, and keeps the others', async () => {
    await put('other');
    await expect(put('huge', MAX_BYTES + 1)).rejects.toThrow(/does not fit/);
    expect(await has('huge')).toBe(false);
    expect(await has('other')).toBe(true);
  });

  it('drops the previous value of an entry that no longer fits', async () => {
    await put('key');
    await expect(put('key', MAX_BYTES + 1)).rejects.toThrow(/does not fit/);
    expect(await has('key')).toBe(false);
  });

  it('discards an entry only if it is unchanged since it was read', async () => {
    await store.set('key', Buffer.from('old'), 1_000);
    expect(await store.discard('key', Buffer.from('new'))).toBe(0);
    expect(await has('key')).toBe(true);
    expect(await store.discard('key', Buffer.from('old'))).toBe(1);
    expect(await has('key')).toBe(false);
    expect(await store.discard('key', Buffer.from('old'))).toBe(0);
  });

  it('has no foreign values', async () => {
    await put('key');
    expect(await store.discardForeign()).toBe(0);
    expect(await has('key')).toBe(true);
  });

  it('is empty after clearing, in one page', async () => {
    await put('a');
    await put('__proto__');
    expect(await store.clearPage()).toBeNull();
    expect(await Promise.all(['a', '__proto__'].map(has))).toEqual([false, false]);
  });
});
