import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { counted, failing } from '@test/get-or-set/factories.js';
import { createRedisCache } from '../create-redis-cache.js';
import { RemoteFactoryError } from '../errors/errors.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const pass = (seconds: number): Promise<void> => jest.advanceTimersByTimeAsync(seconds * 1000);

const tenForMissing = (error: unknown): number => ((error as { code: string }).code === 'ENOENT' ? 10 : 0);

describe('negativeTtlSeconds', () => {
  let cache: RedisCacheService;

  beforeEach(() => {
    jest.useFakeTimers({ now: 1_700_000_000_000 });
    cache = createRedisCache({ backend: 'memory' }, { logger: new LogCapture() });
  });

  afterEach(async () => {
    await cache.close();
    jest.useRealTimers();
  });

  const ask = (factory: () => unknown, options: object) => cache.getOrSetEntry('key', factory, options);

  it('gives the first caller the error itself, and the next its message and code without a factory call', async () => {
    const error = Object.assign(new Error('no such prompt'), { code: 'ENOENT', secret: 'private' });
    const first = ask(() => Promise.reject(error), { negativeTtlSeconds: 10 });
    await expect(first).rejects.toBe(error);
    const factory = counted(() => 'value');
    const second = await ask(factory, { negativeTtlSeconds: 10 }).catch((reason: unknown) => reason);
    expect(second).toBeInstanceOf(RemoteFactoryError);
    expect(second).toMatchObject({ message: 'no such prompt', code: 'ENOENT', name: 'RemoteFactoryError' });
    expect(second).not.toHaveProperty('secret');
    expect(factory.calls).toBe(0);
  });

  it('applies for its duration', async () => {
    await expect(ask(failing('no'), { negativeTtlSeconds: 10 })).rejects.toThrow('no');
    await pass(9.999);
    await expect(ask(() => 'value', {})).rejects.toThrow('no');
    await pass(0.001);
    expect(await ask(() => 'value', {})).toMatchObject({ value: 'value', status: 'miss' });
  });

  it('may choose by the error', async () => {
    await expect(ask(failing('busy', 'EBUSY'), { negativeTtlSeconds: tenForMissing })).rejects.toThrow(
      'busy',
    );
    await expect(ask(failing('none', 'ENOENT'), { negativeTtlSeconds: tenForMissing })).rejects.toThrow(
      'none',
    );
    await expect(ask(() => 'value', {})).rejects.toMatchObject({ message: 'none', code: 'ENOENT' });
  });

  it.each<[string, () => number]>([
    [
      'throws',
      () => {
        throw new Error('the choice failed');
      },
    ],
    ['answers NaN', () => Number.NaN],
    ['answers Infinity', () => Infinity],
    ['answers less than nothing', () => -1],
    ['answers what is no number', () => 'ten' as never],
  ])('that %s stores nothing, and does not replace the error of the caller', async (_what, choose) => {
    await expect(ask(failing('the error'), { negativeTtlSeconds: choose })).rejects.toThrow('the error');
    await pass(20);
    expect(await ask(() => 'value', {})).toMatchObject({ value: 'value', status: 'miss' });
  });

  it('never replaces a stale value that can be served', async () => {
    const options = { ttlSeconds: 1, staleSeconds: 60, failureBackoffMs: 1, negativeTtlSeconds: 30 };
    await ask(() => 'old', options);
    await pass(2);
    expect(await ask(failing('no'), options)).toMatchObject({ value: 'old', status: 'stale' });
    await pass(1);
    expect(await ask(failing('no'), options)).toMatchObject({ value: 'old', status: 'stale' });
  });

  it('never replaces a value that a call chose not to read', async () => {
    await ask(() => 'good', { ttlSeconds: 60 });
    const anew = ask(failing('no'), { readPolicy: 'no-cache', negativeTtlSeconds: 30 });
    await expect(anew).rejects.toThrow('no');
    expect(await ask(failing('not called'), {})).toMatchObject({ value: 'good', status: 'hit' });
  });

  it('is a miss for getCachedResponse and lookup', async () => {
    await expect(ask(failing('no'), { negativeTtlSeconds: 10 })).rejects.toThrow('no');
    expect(await cache.getCachedResponse('key')).toBeNull();
    expect(await cache.lookup('key')).toEqual({ status: 'miss' });
  });

  it('is replaced by a stored value, and removed by a delete and an invalidation of its tag', async () => {
    const options = { negativeTtlSeconds: 60, tags: ['tag'] };
    const endings = [
      () => cache.cacheResponse('key', 'value'),
      () => cache.delete('key'),
      () => cache.invalidateTags('tag'),
      () => cache.clearCache(),
    ];
    for (const end of endings) {
      await expect(ask(failing('no'), options)).rejects.toThrow('no');
      await expect(ask(failing('not called'), options)).rejects.toThrow('no');
      expect(await end()).toBe(true);
      expect(await ask(() => 'value', options)).toMatchObject({ value: 'value' });
      await cache.delete('key');
    }
  });
});
