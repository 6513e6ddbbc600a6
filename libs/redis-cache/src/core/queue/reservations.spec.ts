import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ControlledBackend } from '@test/fixtures/redis-cache/controlled-backend.js';
import { type Deferred, deferred } from '@test/fixtures/redis-cache/deferred.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { MemoryBackend } from '../backend/memory/memory-backend.js';
import { resolveOptions } from '../options/redis-cache-options.schema.js';
import { assemble } from '../create-redis-cache.js';
import type { RedisCacheService } from '../redis-cache.service.js';

const DEADLINE_MS = 400;

describe('a reservation whose reply comes late', () => {
  let gate: Deferred<void>;
  let backend: ControlledBackend;
  let service: RedisCacheService;

  beforeEach(async () => {
    jest.useFakeTimers();
    gate = deferred();
    const { queue } = new MemoryBackend({ maxBytes: 1_000, now: () => 0 });
    backend = new ControlledBackend({
      queue: {
        push: (...args) => queue.push(...args),
        release: (...args) => queue.release(...args),
        contents: (...args) => queue.contents(...args),
        inUse: (...args) => queue.inUse(...args),
        // Reserves at once, replies late.
        reserve: async (...args) => {
          const reserved = await queue.reserve(...args);
          await gate.promise;
          return reserved;
        },
      },
    });
    service = assemble(resolveOptions({ commandTimeoutMs: DEADLINE_MS }), backend, new RecordingLogger());
    backend.up();
    await service.queue().queueRequests(['first', 'second']);
  });

  afterEach(async () => {
    jest.useRealTimers();
    await service.close();
  });

  const thaw = async (): Promise<void> => {
    gate.resolve();
    await jest.advanceTimersByTimeAsync(100);
    expect(service.getStatus().phase).toBe('unavailable');
    backend.pings.at(-1)!.resolve('PONG');
    await jest.advanceTimersByTimeAsync(1_000);
  };

  it('is released, and the delivery does not count', async () => {
    const reserving = service.queue().reserveRequest();
    await jest.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(await reserving).toBeNull();
    await thaw();
    expect(service.getStatus().phase).toBe('serving');
    expect(await service.queue().getQueueStats()).toMatchObject({ waiting: 2, reserved: 0 });
    expect(await service.queue().reserveRequest()).toMatchObject({ data: 'first', deliveries: 1 });
  });

  it('is handled once by a consumer later', async () => {
    const handled: [unknown, number][] = [];
    const consumer = service.queue().createConsumer({
      handler: ({ data, deliveries }) => void handled.push([data, deliveries]),
    });
    consumer.start();
    await jest.advanceTimersByTimeAsync(DEADLINE_MS);
    expect(handled).toEqual([]);
    await thaw();
    await jest.advanceTimersByTimeAsync(5_000);
    expect(handled).toEqual([
      ['first', 1],
      ['second', 1],
    ]);
  });
});
