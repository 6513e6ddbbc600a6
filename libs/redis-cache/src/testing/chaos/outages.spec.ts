import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MemoryBackend } from '../../core/backend/memory/memory-backend.js';
import type { RedisCacheService } from '../../core/redis-cache.service.js';
import { createTestingCache } from '../create-testing-cache.js';
import { ChaosBackend } from './chaos-backend.js';
import type { ChaosOptions } from './chaos-options.js';

const DEADLINE_MS = 40;

type Ask = (cache: RedisCacheService) => Promise<unknown>;

const OPERATIONS: [name: string, ask: Ask, fallback: unknown][] = [
  ['isConnected', (cache) => cache.isConnected(), false],
  ['cacheResponse', (cache) => cache.cacheResponse('key', 'value'), false],
  ['getCachedResponse', (cache) => cache.getCachedResponse('key'), null],
  ['queueRequest', (cache) => cache.queueRequest('request'), false],
  ['dequeueRequest', (cache) => cache.dequeueRequest(), null],
  ['getQueueLength', (cache) => cache.getQueueLength(), 0],
  ['clearCache', (cache) => cache.clearCache(), false],
  ['clearQueue', (cache) => cache.clearQueue(), false],
  ['getOrSet', (cache) => cache.getOrSet('key', () => 'computed'), 'computed'],
];

const OUTAGES: [name: string, options: ChaosOptions][] = [
  ['never responds', { hangRate: 1 }],
  ['responds too late', { delayRate: 1, delayMs: 10 * DEADLINE_MS }],
  ['rejects every operation', { failRate: 1 }],
];

describe.each(OUTAGES)('on a backend that %s', (_name, options) => {
  let cache: RedisCacheService;

  beforeEach(() => {
    jest.useFakeTimers();
    const chaos = new ChaosBackend(new MemoryBackend({ maxBytes: 1_000_000 }), options);
    cache = createTestingCache({ backend: chaos, commandTimeoutMs: DEADLINE_MS });
  });

  afterEach(async () => {
    const closed = cache.close();
    await jest.runAllTimersAsync();
    await closed;
    jest.useRealTimers();
  });

  it.each(OPERATIONS)('%s returns its fallback within the deadline', async (_operation, ask, fallback) => {
    let answer: unknown = 'none yet';
    void ask(cache).then((value) => (answer = value));
    await jest.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(answer).toEqual(fallback);
  });

  it('close waits for pending operations no longer than its deadline and an eighth of it', async () => {
    let closed = false;
    void cache.getCachedResponse('key');
    void cache.close().then(() => (closed = true));
    await jest.advanceTimersByTimeAsync((DEADLINE_MS * 9) / 8);
    expect(closed).toBe(true);
  });
});
