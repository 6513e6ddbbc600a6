import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { heldFactory } from '@test/get-or-set/factories.js';
import type { GetOrSetOptions } from '../options/get-or-set-options.js';
import { createRedisCache } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const WAYS: [string, (cache: RedisCacheService) => Promise<boolean>][] = [
  ['delete', (cache) => cache.delete('key')],
  ['deleteMany', (cache) => cache.delete(['other', 'key'])],
  ['clearCache', (cache) => cache.clearCache()],
  ['invalidateTags', (cache) => cache.invalidateTags('other', 'tag')],
];

describe.each(WAYS)('%s while a factory runs', (_name, invalidate) => {
  let cache: RedisCacheService;

  beforeEach(() => {
    cache = createRedisCache({ backend: 'memory' });
  });

  afterEach(() => cache.close());

  const tags = ['tag'];
  const ask = (factory: () => unknown, options: GetOrSetOptions = {}) =>
    cache.getOrSetEntry('key', factory, { tags, ...options });

  it('gives its result to earlier callers, and to no later one', async () => {
    const [before, after] = [heldFactory(), heldFactory()];
    const early = [ask(before.factory as never), ask(before.factory as never)];
    const call = await before.call(0);
    expect(await invalidate(cache)).toBe(true);
    const late = [ask(after.factory as never), ask(after.factory as never)];
    call.resolve('old');
    (await after.call(0)).resolve('new');
    expect((await early[0]!).value).toBe('old');
    for (const answer of late) expect((await answer).value).toBe('new');
    expect(await cache.getCachedResponse('key')).toBe('new');
    expect([before.calls.length, after.calls.length]).toEqual([1, 1]);
  });

  it('keeps its result out of the store when no caller follows', async () => {
    const { factory, call } = heldFactory();
    const answer = ask(factory as never);
    const running = await call(0);
    await invalidate(cache);
    running.resolve('old');
    const result = await answer;
    expect(result).toMatchObject({ value: 'old', stored: false });
    expect(Object.keys(result).toSorted()).toEqual(
      ['ageSeconds', 'durationMs', 'key', 'source', 'status', 'stored', 'ttlSeconds', 'value'].toSorted(),
    );
    expect(await cache.getCachedResponse('key')).toBeNull();
  });

  it('keeps out the result of a refresh that a stale value covered', async () => {
    const options = { ttlSeconds: 0.001, staleSeconds: 60, softTimeoutMs: 0 };
    await ask(() => 'older', options);
    await until(async () => (await cache.lookup('key')).status === 'miss', { what: 'the end of the TTL' });
    const { factory, call } = heldFactory();
    expect((await ask(factory as never, options)).value).toBe('older');
    const running = await call(0);
    await invalidate(cache);
    const late = ask(() => 'new', { ttlSeconds: 60 });
    running.resolve('old');
    expect((await late).value).toBe('new');
    expect(await cache.getCachedResponse('key')).toBe('new');
  });

  it('keeps out a failure that began before', async () => {
    const { factory, call } = heldFactory();
    const answer = ask(factory as never, { negativeTtlSeconds: 60 });
    const running = await call(0);
    await invalidate(cache);
    running.reject(new Error('old failure'));
    await expect(answer).rejects.toThrow('old failure');
    expect((await ask(() => 'new')).value).toBe('new');
  });
});
