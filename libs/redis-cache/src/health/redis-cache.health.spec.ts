import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ControlledBackend, replyError } from '@test/fixtures/redis-cache/controlled-backend.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { resolveOptions } from '../core/options/redis-cache-options.schema.js';
import { assemble } from '../core/create-redis-cache.js';
import type { RedisCacheService } from '../core/redis-cache.service.js';
import { RedisCacheHealthIndicator } from './redis-cache.health.js';

const DEADLINE_MS = 1_000;
const HEALTH_TIMEOUT_MS = 200;

describe('RedisCacheHealthIndicator', () => {
  let backend: ControlledBackend;
  let service: RedisCacheService;

  beforeEach(() => {
    jest.useFakeTimers();
    backend = new ControlledBackend();
    service = assemble(resolveOptions({ commandTimeoutMs: DEADLINE_MS }), backend, new RecordingLogger());
  });

  afterEach(async () => {
    const closing = service.close();
    await jest.advanceTimersByTimeAsync(DEADLINE_MS);
    await closing;
    jest.useRealTimers();
  });

  const indicator = (required = false): RedisCacheHealthIndicator =>
    new RedisCacheHealthIndicator(service, {
      required,
      timeoutMs: HEALTH_TIMEOUT_MS,
    });

  it('is up, with the latency of its round trip', async () => {
    backend.up();
    expect(await indicator().isHealthy('redis')).toEqual({
      redis: {
        status: 'up',
        backend: 'redis',
        state: 'serving',
        breaker: 'closed',
        writable: true,
        latencyMs: expect.any(Number),
        lastError: null,
        warnings: [],
      },
    });
  });

  it('reports under the given name, by default redis', async () => {
    backend.up();
    expect(Object.keys(await indicator().isHealthy())).toEqual(['redis']);
    expect(Object.keys(await indicator().isHealthy('answers'))).toEqual(['answers']);
  });

  it.each([
    [false, 'degraded'],
    [true, 'down'],
  ])('without Redis and with required %s it is %s', async (required, status) => {
    backend.down();
    expect(await indicator(required).isHealthy()).toEqual({
      redis: {
        status,
        backend: 'redis',
        state: 'unavailable',
        breaker: 'open',
        writable: false,
        latencyMs: null,
        lastError: 'ECONNREFUSED',
        warnings: [],
      },
    });
  });

  it.each([
    [false, 'degraded'],
    [true, 'down'],
  ])('when writes are refused and with required %s it is %s', async (required, status) => {
    backend.up();
    backend.writeAnswer = async () => {
      throw replyError('READONLY x');
    };
    expect(await indicator(required).isHealthy()).toMatchObject({
      redis: { status, state: 'serving', writable: false, latencyMs: null, lastError: 'READONLY' },
    });
  });

  it('returns within its own timeout if Redis does not reply', async () => {
    backend.up();
    backend.writeAnswer = () => new Promise(() => {});
    const result = indicator().isHealthy();
    await jest.advanceTimersByTimeAsync(HEALTH_TIMEOUT_MS);
    expect(await result).toMatchObject({ redis: { status: 'degraded', writable: false, latencyMs: null } });
  });

  it('returns within its own timeout while the first connection is being made', async () => {
    const result = indicator().isHealthy();
    await jest.advanceTimersByTimeAsync(HEALTH_TIMEOUT_MS);
    expect(await result).toMatchObject({ redis: { status: 'degraded', state: 'starting', writable: false } });
  });

  it('warns of a server that may evict queued requests, and stays up', async () => {
    backend.up();
    backend.policy = 'allkeys-lru';
    await service.queueRequest({ prompt: 'a' });
    expect(await indicator().isHealthy()).toMatchObject({
      redis: { status: 'up', warnings: [expect.stringContaining('its maxmemory-policy is allkeys-lru')] },
    });
  });

  it('is degraded after close()', async () => {
    backend.up();
    await service.close();
    expect(await indicator().isHealthy()).toMatchObject({ redis: { status: 'degraded', state: 'closed' } });
  });

  it('never throws and never contains an error message', async () => {
    backend.down(new Error('connect to redis://:hunter2@cache failed'));
    const result = await indicator().isHealthy();
    expect(JSON.stringify(result)).not.toContain('hunter2');
    expect(result.redis.lastError).toBe('Error');
  });

  it('is up again when writes are accepted again', async () => {
    backend.up();
    backend.writeAnswer = async () => {
      throw replyError('OOM x');
    };
    await indicator().isHealthy();
    backend.writeAnswer = async () => 'OK';
    expect(await indicator().isHealthy()).toMatchObject({ redis: { status: 'up', lastError: null } });
  });
});
