import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import type { CacheEvent, CacheEventListener } from '../backend/backend.js';
import { ListeningNearCache, type NearCopy } from './near-cache.js';

const LIMITS = { maxBytes: 1_000_000, maxEntries: 100, staleMs: 1_000 };
const TIMES = { createdAt: 0, expiresAt: 1_000_000, durationMs: 0 };

const copyOf = (value: unknown, tags: string[] = []) => ({ value, times: TIMES, tags, bytes: 10 });
const make = (value: unknown, tags?: string[]) => (): NearCopy => copyOf(value, tags);

const OWN_END: CacheEvent = { type: 'ended', key: 'key', own: true };
const OTHER_END: CacheEvent = { type: 'ended', key: 'key', own: false };
const CHANGED: CacheEvent = { type: 'changed', key: 'key' };

describe('a near copy of a computed value', () => {
  let near: ListeningNearCache;
  let hear: CacheEventListener;
  let now: number;
  const readBack = jest.fn();

  beforeEach(() => {
    now = 0;
    readBack.mockClear();
    near = new ListeningNearCache({ ...LIMITS, now: () => now }, new RecordingLogger());
    near.listenTo({ listen: (listener) => void (hear = listener), close: async () => {} });
    hear({ type: 'up' });
  });

  const begin = () => near.beginWrite('key', readBack);
  const valueIn = (): unknown => near.get('key')?.value;

  it('is served from the confirmation on, frozen', () => {
    const write = begin();
    expect(valueIn()).toBeUndefined();
    write.stored(make({ a: 1 }));
    expect(valueIn()).toEqual({ a: 1 });
    expect(Object.isFrozen(valueIn())).toBe(true);
  });

  it.each<[string, (write: ReturnType<typeof begin>) => void]>([
    ['before', (write) => [hear(OWN_END), write.stored(make(1))]],
    ['after', (write) => [write.stored(make(1)), hear(OWN_END)]],
  ])('survives the announcement of its own write %s the confirmation', async (_when, act) => {
    act(begin());
    await nextTurn();
    expect(valueIn()).toBe(1);
    expect(readBack).not.toHaveBeenCalled();
  });

  it.each<[string, (write: ReturnType<typeof begin>) => void]>([
    ['before', (write) => [hear(OWN_END), hear(CHANGED), write.stored(make(1))]],
    ['around', (write) => [hear(OWN_END), write.stored(make(1)), hear(CHANGED)]],
    ['after', (write) => [write.stored(make(1)), hear(OWN_END), hear(CHANGED)]],
  ])('is dropped and read back when the server reports a change %s the confirmation', async (_when, act) => {
    act(begin());
    expect(valueIn()).toBeUndefined();
    await nextTurn();
    expect(readBack).toHaveBeenCalledTimes(1);
  });

  it.each<[string, CacheEvent | (() => void)]>([
    ['another process ends a computation', OTHER_END],
    ['the entry changes', CHANGED],
    ['a tag is invalidated', { type: 'invalidated', tag: 'tag' }],
    ['the database is flushed', { type: 'flushed' }],
    ['the connection is lost', { type: 'down' }],
    ['this process deletes the entry', () => near.delete('key')],
    ['this process invalidates a tag', () => near.deleteTagged(['tag'])],
    ['this process clears the cache', () => near.clear()],
  ])('is not kept when %s before the confirmation', (_what, change) => {
    const write = begin();
    if (typeof change === 'function') change();
    else hear(change);
    write.stored(make(1, ['tag']));
    expect(valueIn()).toBeUndefined();
  });

  it.each<[string, CacheEvent]>([
    ['another process ends a computation', OTHER_END],
    ['the entry changes', CHANGED],
    ['its tag is invalidated', { type: 'invalidated', tag: 'tag' }],
    ['the database is flushed', { type: 'flushed' }],
  ])('is dropped when %s after the confirmation', (_what, event) => {
    begin().stored(make(1, ['tag']));
    hear(event);
    expect(valueIn()).toBeUndefined();
  });

  it('is not made for a write that is not confirmed, whose announcement drops copies made since', async () => {
    begin().end();
    near.beginRead('key').keep(copyOf('old'));
    hear(OWN_END);
    expect(valueIn()).toBeUndefined();
    await nextTurn();
    expect(readBack).not.toHaveBeenCalled();
  });

  it('replaces the copy of a read that began before the write, and that read keeps nothing', () => {
    const [before, late] = [near.beginRead('key'), near.beginRead('key')];
    const write = begin();
    before.keep(copyOf('old'));
    expect(valueIn()).toBe('old');
    write.stored(make('new'));
    late.keep(copyOf('old'));
    expect(valueIn()).toBe('new');
  });

  it('is dropped by the first announcement after one was missed', async () => {
    hear({ type: 'down' });
    const write = begin();
    hear({ type: 'up' });
    write.stored(make(1));
    near.beginRead('key').keep(copyOf('read'));
    hear(OWN_END);
    expect(valueIn()).toBeUndefined();
    await nextTurn();
    expect(readBack).not.toHaveBeenCalled();
  });

  it('drops the copy of the old value as soon as its write is announced', () => {
    near.beginRead('key').keep(copyOf('old'));
    const write = begin();
    hear(OWN_END);
    expect(valueIn()).toBeUndefined();
    write.stored(make('new'));
    expect(valueIn()).toBe('new');
  });

  it('stays when a second computation finds the same value stored, and announces its own end', async () => {
    begin().stored(make(1));
    hear(OWN_END);
    begin().there();
    hear(OWN_END);
    await nextTurn();
    expect(valueIn()).toBe(1);
    expect(readBack).not.toHaveBeenCalled();
  });

  it('is read back when a second computation ends before the first is announced', async () => {
    begin().stored(make(1));
    const again = begin();
    hear(OWN_END);
    again.there();
    hear(OWN_END);
    await nextTurn();
    expect(readBack).toHaveBeenCalledTimes(1);
  });

  it('without a value to keep is read back once the write is announced', async () => {
    begin().stored();
    expect(valueIn()).toBeUndefined();
    hear(OWN_END);
    await nextTurn();
    expect(readBack).toHaveBeenCalledTimes(1);
  });

  it('is not made while nothing can be heard, and the old copy is dropped', () => {
    near.beginRead('key').keep(copyOf('old'));
    hear({ type: 'down' });
    expect(valueIn()).toBe('old');
    begin().stored(make('new'));
    expect(valueIn()).toBeUndefined();
    near.keepWithoutRedis('key', make('own'));
    expect(valueIn()).toBe('own');
    now += LIMITS.staleMs;
    expect(valueIn()).toBeUndefined();
  });
});
