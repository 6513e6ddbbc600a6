import { describe, expect, it } from '@jest/globals';
import { Registry } from 'prom-client';
import { InvalidCallOptionError, InvalidOptionsError } from '../core/errors/errors.js';
import { HttpCache } from '../http/http-cache.decorator.js';
import { RateLimiter } from '../http/rate-limiter.js';
import { registerCacheMetrics } from '../prometheus/index.js';
import { backendConformance } from '../testing/conformance/backend-conformance.js';
import { ChaosBackend } from '../testing/chaos/chaos-backend.js';
import { createTestingCache } from '../testing/create-testing-cache.js';
import { MemoryBackend } from '../core/backend/memory/memory-backend.js';
import { Cached } from './cached.decorator.js';
import { CachedStream } from './cached-stream.decorator.js';
import { createConsumerProvider } from './consumer-providers.js';
import { RedisCacheModule } from './redis-cache.module.js';

const pieces = { collect: () => '', replay: () => [] };

describe('unknown options of', () => {
  it.each<[string, (options: never) => unknown, string, string]>([
    ['@Cached', (options) => Cached(options), 'ttl', 'ttlSeconds'],
    ['@CachedStream', (options) => CachedStream({ ...pieces, ...(options as object) }), 'ttl', 'ttlSeconds'],
    ['@HttpCache', (options) => HttpCache(options), 'varyByHeader', 'varyByHeaders'],
  ])('%s are refused when the class is defined', (_name, decorate, typo, meant) => {
    const define = (): unknown => decorate({ [typo]: 60 } as never);
    expect(define).toThrow(InvalidCallOptionError);
    expect(define).toThrow(`${typo} is not an option; did you mean ${meant}?`);
  });

  it.each([60, null, 'key'])('%p in place of options is refused when the class is defined', (wrong) => {
    for (const decorate of [Cached, CachedStream, HttpCache] as ((options: never) => unknown)[]) {
      expect(() => decorate(wrong as never)).toThrow(InvalidCallOptionError);
    }
  });

  it.each<[object, string]>([
    [{ ttlSeconds: 0 }, 'ttlSeconds must be a number above 0'],
    [{ staleSeconds: -1 }, 'staleSeconds must be a number from 0'],
    [{ leaseMs: '50' }, 'leaseMs must be a number from 50'],
    [{ crossProcess: 'no' }, 'crossProcess must be a boolean'],
    [{ shouldCache: true }, 'shouldCache must be a function'],
    [{ tags: 'articles' }, 'tags must be an array of strings'],
    [{ tags: [''] }, 'tags[0] must be a well-formed string'],
  ])('a wrong value such as %p is refused when the class is defined', (wrong, problem) => {
    expect(() => Cached(wrong as never)).toThrow(problem);
    expect(() => CachedStream({ ...pieces, ...(wrong as object) })).toThrow(problem);
    expect(() => HttpCache(wrong as never)).toThrow(problem);
  });

  it('tags that depend on the call are not checked before it', () => {
    expect(() => Cached({ tags: () => [''] })).not.toThrow();
  });

  it('every option of each decorator is known', () => {
    const computing = {
      ttlSeconds: 1,
      jitterRatio: 0,
      staleSeconds: 0,
      softTimeoutMs: 1,
      hardTimeoutMs: 1,
      refreshAhead: 1,
      negativeTtlSeconds: 0,
      failureBackoffMs: 1,
      shouldCache: () => true,
      maxTtlSeconds: () => 1,
      crossProcess: true,
      leaseMs: 50,
      name: 'name',
      key: 'key',
      tags: [],
    };
    expect(() => Cached(computing)).not.toThrow();
    expect(() => CachedStream({ ...pieces, ...computing })).not.toThrow();
    expect(() => HttpCache({ ...computing, varyByHeaders: [], varyByAuthorization: true })).not.toThrow();
    expect(() => HttpCache(false)).not.toThrow();
  });

  it.each<[string, () => unknown, string]>([
    ['forRootAsync', () => RedisCacheModule.forRootAsync({ useFacotry: () => ({}) } as never), 'useFacotry'],
    [
      'a registered consumer',
      () => createConsumerProvider({ useFactory: () => null, queu: 'mails' } as never),
      'registration.queu',
    ],
    ['the rate limiter', () => new RateLimiter({} as never, { limit: 1, window: 1 } as never), 'window'],
    [
      'the metrics',
      () => registerCacheMetrics({} as never, new Registry(), { prefx: 'a' } as never),
      'prefx',
    ],
    ['a cache for tests', () => createTestingCache({ clok: 1 } as never), 'clok'],
    [
      'the chaos backend',
      () => new ChaosBackend(new MemoryBackend({ maxBytes: 1 }), { failrates: 1 } as never),
      'failrates',
    ],
    ['the conformance suite', () => backendConformance({ name: 'a', setup: 1 } as never), 'setup'],
  ])('%s are refused', (_what, create, field) => {
    expect(create).toThrow(InvalidOptionsError);
    expect(create).toThrow(expect.objectContaining({ field }) as unknown as Error);
  });
});
