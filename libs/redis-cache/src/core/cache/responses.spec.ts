import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ControlledBackend, replyError } from '@test/fixtures/redis-cache/controlled-backend.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import type { EntryStore } from '../backend/backend.js';
import { resolveOptions } from '../options/redis-cache-options.schema.js';
import { assemble } from '../create-redis-cache.js';
import { InvalidKeyError, InvalidTtlError, ValueTooLargeError } from '../errors/errors.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const wrongType = async (): Promise<never> => {
  throw replyError('WRONGTYPE Operation against a key holding the wrong kind of value');
};
const loading = async (): Promise<never> => {
  throw replyError('LOADING Redis is loading the dataset in memory');
};

describe('the response cache', () => {
  let backend: ControlledBackend;
  let logger: RecordingLogger;
  let service: RedisCacheService;

  beforeEach(() => {
    logger = new RecordingLogger();
    use({});
  });

  afterEach(async () => {
    await service.close();
    jest.useRealTimers();
  });

  function use(entries: Partial<EntryStore>): void {
    backend = new ControlledBackend({ entries });
    const options = resolveOptions({ commandTimeoutMs: 400, maxValueBytes: 100, ttlSeconds: 60 });
    service = assemble(options, backend, logger);
    backend.up();
  }

  it('counts hits, misses and writes', async () => {
    expect(await service.getCachedResponse('key')).toBeNull();
    expect(await service.cacheResponse('key', { a: 1 })).toBe(true);
    expect(await service.getCachedResponse('key')).toEqual({ a: 1 });
    expect(service.getCounters()).toMatchObject({ hits: 1, misses: 1, writes: 1, failedWrites: 0 });
  });

  it('returns age and remaining TTL of a hit', async () => {
    jest.useFakeTimers({ now: 1_000_000, doNotFake: ['performance'] });
    await service.cacheResponse('key', 'value', 30);
    jest.setSystemTime(1_012_500);
    expect(await service.lookup('key')).toEqual({
      status: 'hit',
      value: 'value',
      source: 'redis',
      ageSeconds: 12.5,
      ttlSeconds: 17.5,
      durationMs: null,
    });
  });

  it('never returns a negative age, although the clock of the writing machine differs', async () => {
    jest.useFakeTimers({ now: 1_000_000, doNotFake: ['performance'] });
    await service.cacheResponse('key', 'value', 30);
    jest.setSystemTime(900_000);
    expect(await service.lookup('key')).toMatchObject({ ageSeconds: 0, ttlSeconds: 130 });
  });

  it("uses the module's TTL when the call passes none", async () => {
    const set = jest.fn(backend.entries.set);
    use({ set });
    await service.cacheResponse('key', 1);
    await service.cacheResponse('key', 1, undefined);
    await service.cacheResponse('key', 1, 0.5);
    expect(set.mock.calls.map(([, , ttlMs]) => ttlMs)).toEqual([60_000, 60_000, 500]);
  });

  it('distinguishes a miss from an unavailable Redis', async () => {
    expect(await service.lookup('key')).toEqual({ status: 'miss' });
    backend.down();
    expect(await service.lookup('key')).toEqual({ status: 'bypass' });
    expect(service.getCounters()).toMatchObject({ misses: 1, bypassed: 1 });
  });

  it('stores null as a response', async () => {
    await service.cacheResponse('key', null);
    expect(await service.lookup('key')).toMatchObject({ status: 'hit', value: null });
  });

  it.each([undefined, () => 1, Symbol('s'), 1n])('answers false for %p, and says so', async (value) => {
    expect(await service.cacheResponse('key', value)).toBe(false);
    expect(logger.matching(/^A response was not cached: /)).toHaveLength(1);
    expect(service.getCounters()).toMatchObject({ writes: 0, failedWrites: 1, errors: 0 });
  });

  it('never logs the value', async () => {
    await service.cacheResponse('key', { prompt: 'secret prompt', amount: 1n });
    expect(logger.lines.join()).not.toContain('secret');
  });

  it('throws for wrong arguments before any command', async () => {
    const set = jest.fn(backend.entries.set);
    use({ set });
    await expect(service.cacheResponse('', 1)).rejects.toBeInstanceOf(InvalidKeyError);
    await expect(service.getCachedResponse('')).rejects.toBeInstanceOf(InvalidKeyError);
    await expect(service.lookup('')).rejects.toBeInstanceOf(InvalidKeyError);
    await expect(service.cacheResponse('key', 1, 0)).rejects.toBeInstanceOf(InvalidTtlError);
    await expect(service.cacheResponse('key', 'x'.repeat(99))).rejects.toBeInstanceOf(ValueTooLargeError);
    expect(set).not.toHaveBeenCalled();
  });

  it('throws for wrong arguments also while Redis is unavailable and after close()', async () => {
    backend.down();
    await expect(service.cacheResponse('key', 1, -1)).rejects.toBeInstanceOf(InvalidTtlError);
    await service.close();
    await expect(service.getCachedResponse('')).rejects.toBeInstanceOf(InvalidKeyError);
    expect(await service.getCachedResponse('key')).toBeNull();
  });

  describe('with an entry that is not readable', () => {
    beforeEach(() => backend.entries.set('key', Buffer.from('garbage'), 60_000));

    it('misses, reports, and removes it', async () => {
      expect(await service.lookup('key')).toEqual({ status: 'miss' });
      expect(await backend.entries.get('key')).toBeNull();
      expect(service.getCounters()).toMatchObject({ corrupt: 1, misses: 1, hits: 0, errors: 0 });
      expect(logger.matching(/not readable/)).toHaveLength(1);
    });

    it('does not wait for the removal', async () => {
      use({ get: async () => Buffer.from('garbage'), discard: () => new Promise(() => {}) });
      expect(await service.lookup('key')).toEqual({ status: 'miss' });
    });

    it('misses although the removal fails, and keeps serving', async () => {
      use({
        get: async () => Buffer.from('garbage'),
        discard: async () => {
          throw replyError('NOPERM x');
        },
      });
      expect(await service.lookup('key')).toEqual({ status: 'miss' });
      expect(service.getStatus()).toMatchObject({ phase: 'serving', breaker: 'closed' });
    });

    it('passes the bytes that it read, so that a new entry survives', async () => {
      const discard = jest.fn(async () => 0);
      use({ get: async () => Buffer.from('garbage'), discard });
      await service.lookup('key');
      expect(discard.mock.calls).toEqual([['key', Buffer.from('garbage')]]);
    });
  });

  describe('with another type under the key', () => {
    it('misses and reports what was removed', async () => {
      use({ get: wrongType, discardForeign: async () => 1 });
      expect(await service.lookup('key')).toEqual({ status: 'miss' });
      expect(service.getCounters()).toMatchObject({ corrupt: 1, misses: 1 });
    });

    it('returns a bypass when nothing could be removed', async () => {
      use({ get: wrongType, discardForeign: async () => 0 });
      expect(await service.lookup('key')).toEqual({ status: 'bypass' });
      expect(service.getCounters().corrupt).toBe(0);
    });

    it('attempts no removal when the breaker opened', async () => {
      const discardForeign = jest.fn(async () => 1);
      use({ get: loading, discardForeign });
      expect(await service.lookup('key')).toEqual({ status: 'bypass' });
      expect(discardForeign).not.toHaveBeenCalled();
    });
  });

  describe('when it is cleared', () => {
    it('goes from page to page until the last', async () => {
      const pages = ['a/1', 'a/2', 'b/0', null];
      const clearPage = jest.fn(async (_cursor: string | null) => pages.shift()!);
      use({ clearPage });
      expect(await service.clearCache()).toBe(true);
      expect(clearPage.mock.calls).toEqual([[null], ['a/1'], ['a/2'], ['b/0']]);
    });

    it('returns false as soon as one page is not confirmed', async () => {
      const clearPage = jest.fn(async (cursor: string | null) => {
        if (cursor !== null) throw replyError('READONLY x');
        return 'a/1';
      });
      use({ clearPage });
      expect(await service.clearCache()).toBe(false);
      expect(clearPage).toHaveBeenCalledTimes(2);
    });
  });
});
