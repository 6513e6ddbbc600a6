import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ControlledBackend, replyError, replyless } from '@test/fixtures/redis-cache/controlled-backend.js';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { createCounters, type RedisCacheCounters } from '../counters/counters.js';
import { Guard } from './guard.js';

const DEADLINE_MS = 400;
const FALLBACK = 'fallback';

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
const never = (): Promise<string> => new Promise(() => {});
const reject = (error: unknown): never => {
  throw error;
};

describe('Guard', () => {
  let backend: ControlledBackend;
  let counters: RedisCacheCounters;
  let logger: RecordingLogger;
  let guard: Guard;

  beforeEach(() => {
    jest.useFakeTimers();
    backend = new ControlledBackend();
    counters = createCounters();
    logger = new RecordingLogger();
    guard = new Guard(backend, { deadlineMs: DEADLINE_MS, counters, logger });
  });

  afterEach(async () => {
    const closing = guard.close();
    await jest.advanceTimersByTimeAsync(DEADLINE_MS);
    await closing;
    jest.useRealTimers();
  });

  const answer = (): Promise<string> => guard.run(async () => 'value', FALLBACK);
  const fail = (error: unknown): Promise<string> => guard.run(async () => reject(error), FALLBACK);
  const freeze = async (): Promise<void> => {
    void guard.run(never, FALLBACK);
    await pass(DEADLINE_MS);
  };

  describe('while starting', () => {
    it('makes an operation wait for the connection', async () => {
      const result = answer();
      await pass(DEADLINE_MS / 2);
      backend.up();
      expect(await result).toBe('value');
      expect(guard.status).toMatchObject({ phase: 'serving', breaker: 'closed', lastError: null });
    });

    it('sends nothing before the connection is there', async () => {
      const operation = jest.fn(async () => 'value');
      void guard.run(operation, FALLBACK);
      await pass(DEADLINE_MS / 2);
      expect(operation).not.toHaveBeenCalled();
    });

    it('returns the fallback after the deadline, and never sends the operation afterwards', async () => {
      const operation = jest.fn(async () => 'value');
      const result = guard.run(operation, FALLBACK);
      await pass(DEADLINE_MS);
      expect(await result).toBe(FALLBACK);
      backend.up();
      backend.pings[0]?.resolve('PONG');
      await pass(1_000);
      expect(operation).not.toHaveBeenCalled();
    });

    it('returns the fallback at once when the first connection fails', async () => {
      const result = answer();
      backend.down();
      expect(await result).toBe(FALLBACK);
      expect(guard.status).toMatchObject({ phase: 'unavailable', lastError: 'ECONNREFUSED' });
    });

    it('logs nothing about a successful start', async () => {
      backend.up();
      await answer();
      expect(logger.lines).toEqual([]);
    });
  });

  describe('while serving', () => {
    beforeEach(() => backend.up());

    it('returns the result of the operation', async () => {
      expect(await answer()).toBe('value');
      expect(guard.serving).toBe(true);
    });

    it.each([undefined, null, 0, '', false])('accepts %j as a result, not as a failure', async (value) => {
      expect(await guard.run(async () => value, FALLBACK)).toBe(value);
    });

    it.each([
      replyError('ERR x'),
      replyError('LOADING x'),
      replyless('ECONNRESET'),
      new TypeError('x'),
      'text',
      undefined,
      Object.create(null) as unknown,
    ])('returns the fallback instead of rejecting with %p', async (reason) => {
      expect(await fail(reason)).toBe(FALLBACK);
    });

    it('returns the fallback when an operation throws synchronously', async () => {
      const result = guard.run((): Promise<string> => {
        throw new Error('at once');
      }, FALLBACK);
      expect(await result).toBe(FALLBACK);
      expect(counters.errors).toBe(1);
    });

    it('returns the fallback at the deadline, and counts the timeout', async () => {
      const result = guard.run(never, FALLBACK);
      await pass(DEADLINE_MS);
      expect(await result).toBe(FALLBACK);
      expect(counters.timeouts).toBe(1);
      expect(guard.status.lastError).toBe('TIMEOUT');
    });

    it('passes a late value to onLate, once', async () => {
      const reply = deferred<string>();
      const onLate = jest.fn();
      const result = guard.run(() => reply.promise, FALLBACK, { onLate });
      await pass(DEADLINE_MS);
      reply.resolve('late');
      await pass(0);
      expect(await result).toBe(FALLBACK);
      expect(onLate.mock.calls).toEqual([['late']]);
    });

    it('passes a value that arrived in time only to the caller', async () => {
      const onLate = jest.fn();
      expect(await guard.run(async () => 'value', FALLBACK, { onLate })).toBe('value');
      expect(onLate).not.toHaveBeenCalled();
    });

    it('ignores a late failure', async () => {
      const reply = deferred<string>();
      const onLate = jest.fn();
      void guard.run(() => reply.promise, FALLBACK, { onLate });
      await pass(DEADLINE_MS);
      const before = logger.lines.length;
      reply.reject(replyless('ECONNRESET'));
      await pass(0);
      expect(onLate).not.toHaveBeenCalled();
      expect(logger.lines).toHaveLength(before);
    });
  });

  describe('when no reply arrives', () => {
    beforeEach(() => backend.up());

    it('opens the breaker after one deadline and settles all waiting operations', async () => {
      const results = Array.from({ length: 50 }, () => guard.run(never, FALLBACK));
      await pass(DEADLINE_MS);
      expect(await Promise.all(results)).toEqual(Array(50).fill(FALLBACK));
      expect(guard.status).toMatchObject({ phase: 'unavailable', breaker: 'open' });
      expect(counters.trips).toBe(1);
    });

    it('also settles operations whose own deadline has not passed', async () => {
      void guard.run(never, FALLBACK);
      await pass(DEADLINE_MS / 2);
      const second = guard.run(never, FALLBACK);
      await pass(DEADLINE_MS / 2);
      expect(await second).toBe(FALLBACK);
      expect(counters.timeouts).toBe(1);
    });

    it('then returns fallbacks without a command, and counts them', async () => {
      await freeze();
      const operation = jest.fn(async () => 'value');
      for (let call = 0; call < 200; call += 1) expect(await guard.run(operation, FALLBACK)).toBe(FALLBACK);
      expect(operation).not.toHaveBeenCalled();
      expect(counters.bypassed).toBe(200);
    });

    it('stays closed when one operation is slow while others get replies', async () => {
      const slow = guard.run(never, FALLBACK);
      for (let step = 0; step < 8; step += 1) {
        await answer();
        await pass(DEADLINE_MS / 8);
      }
      expect(await slow).toBe(FALLBACK);
      expect(guard.status).toMatchObject({ phase: 'serving', breaker: 'closed' });
    });

    it('probes with its own ping and serves again after the reply', async () => {
      await freeze();
      await pass(100);
      expect(backend.pings).toHaveLength(1);
      expect(guard.status.breaker).toBe('half-open');
      backend.pings[0]!.resolve('PONG');
      await pass(0);
      expect(guard.status).toMatchObject({ phase: 'serving', breaker: 'closed', lastError: null });
      expect(await answer()).toBe('value');
    });

    it('replaces the connection when its probe gets no reply', async () => {
      await freeze();
      await pass(5_200);
      expect(backend.reconnects).toBe(1);
    });
  });

  describe('when the connection goes away', () => {
    beforeEach(() => backend.up());

    it('settles waiting operations at once', async () => {
      const result = guard.run(never, FALLBACK);
      backend.down(replyless('ECONNRESET'));
      expect(await result).toBe(FALLBACK);
      expect(guard.status.lastError).toBe('ECONNRESET');
    });

    it('sends no probe before there is a connection again', async () => {
      backend.down();
      await pass(60_000);
      expect(backend.pings).toHaveLength(0);
    });

    it('probes as soon as the connection is back', async () => {
      backend.down();
      backend.up();
      expect(backend.pings).toHaveLength(1);
      backend.pings[0]!.resolve('PONG');
      await pass(0);
      expect(guard.serving).toBe(true);
    });

    it('stays unavailable while the server is back but replies LOADING', async () => {
      backend.down();
      backend.up();
      backend.pings[0]!.reject(replyError('LOADING'));
      await pass(200);
      expect(guard.status.phase).toBe('unavailable');
      expect(backend.pings).toHaveLength(2);
      backend.pings[1]!.resolve('PONG');
      await pass(0);
      expect(guard.serving).toBe(true);
    });

    it('ignores replies of a lost connection', async () => {
      backend.down();
      backend.up();
      backend.down();
      backend.pings[0]!.resolve('PONG');
      await pass(1_000);
      expect(guard.status).toMatchObject({ phase: 'unavailable', breaker: 'open' });
    });
  });
});
