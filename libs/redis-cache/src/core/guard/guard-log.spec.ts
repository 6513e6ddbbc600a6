import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ControlledBackend, replyError, replyless } from '@test/fixtures/redis-cache/controlled-backend.js';
import { deferred } from '@test/fixtures/redis-cache/deferred.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { createCounters } from '../counters/counters.js';
import { Guard } from './guard.js';

const wrongType = async (): Promise<never> => {
  throw replyError('WRONGTYPE x');
};

describe('Guard: one line per change of state', () => {
  let backend: ControlledBackend;
  let logger: RecordingLogger;
  let guard: Guard;

  beforeEach(() => {
    jest.useFakeTimers();
    backend = new ControlledBackend();
    logger = new RecordingLogger();
    guard = new Guard(backend, { deadlineMs: 400, counters: createCounters(), logger });
  });

  afterEach(async () => {
    await guard.close();
    jest.useRealTimers();
  });

  const failTwice = async (): Promise<void> => {
    await guard.run(wrongType, null);
    await guard.run(wrongType, null);
  };
  const recover = async (): Promise<void> => {
    backend.up();
    backend.pings.at(-1)!.resolve('PONG');
    await jest.advanceTimersByTimeAsync(0);
  };

  it('logs one line however many operations fail and attempts to connect are refused', async () => {
    backend.up();
    void Array.from({ length: 100 }, () => guard.run(() => new Promise(() => {}), null));
    for (let attempt = 0; attempt < 100; attempt += 1) backend.down();
    for (let call = 0; call < 100; call += 1) await guard.run(async () => 'value', null);
    expect(logger.lines).toEqual([
      'Redis is unavailable (connect ECONNREFUSED); serving fallbacks until it is back',
    ]);
  });

  it('logs the recovery with the length of the outage', async () => {
    backend.up();
    backend.down();
    await jest.advanceTimersByTimeAsync(12_340);
    await recover();
    expect(logger.lines[1]).toBe('Redis is back after 12.3 s');
  });

  it('logs two lines for each outage, and none for failed probes', async () => {
    backend.up();
    for (let outage = 0; outage < 3; outage += 1) {
      backend.down(replyless('ECONNRESET'));
      backend.up();
      for (let probe = 0; probe < 4; probe += 1) {
        backend.pings.at(-1)!.reject(replyError('LOADING'));
        await jest.advanceTimersByTimeAsync(600);
      }
      await recover();
    }
    expect(logger.lines).toHaveLength(6);
    expect(logger.matching(/^Redis is unavailable/)).toHaveLength(3);
    expect(logger.matching(/^Redis is back/)).toHaveLength(3);
  });

  it('names a failure whose error carries no message, as a refused localhost with two addresses does', () => {
    backend.down(Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' }));
    expect(logger.lines[0]).toContain('(ECONNREFUSED)');
  });

  it('keeps a report of a failing command to one per time of service', async () => {
    backend.up();
    await failTwice();
    backend.down();
    await recover();
    await failTwice();
    expect(logger.matching(/WRONGTYPE/)).toHaveLength(2);
  });
});

describe('Guard.close()', () => {
  let backend: ControlledBackend;
  let logger: RecordingLogger;
  let guard: Guard;

  beforeEach(() => {
    backend = new ControlledBackend();
    logger = new RecordingLogger();
    guard = new Guard(backend, { deadlineMs: 80, counters: createCounters(), logger });
  });

  const answer = (): Promise<string> => guard.run(async () => 'value', 'fallback');

  it('returns the fallback from then on, and logs nothing', async () => {
    backend.up();
    await guard.close();
    expect(await answer()).toBe('fallback');
    expect(guard.status).toMatchObject({ phase: 'closed', writable: false });
    expect(logger.lines).toEqual([]);
  });

  it('is final, whatever the connection does afterwards', async () => {
    backend.up();
    await guard.close();
    backend.down();
    backend.up();
    expect(guard.status).toMatchObject({ phase: 'closed', breaker: 'closed' });
    expect(await answer()).toBe('fallback');
    expect(logger.lines).toEqual([]);
    expect(backend.pings).toHaveLength(0);
  });

  it('ends an operation that waits for the first connection', async () => {
    const waiting = answer();
    await guard.close();
    expect(await waiting).toBe('fallback');
  });

  it('ends an operation without a reply at its deadline', async () => {
    backend.up();
    const waiting = guard.run(() => new Promise<string>(() => {}), 'fallback');
    await guard.close();
    expect(await waiting).toBe('fallback');
  });

  it('lets a reply that still arrives reach its caller', async () => {
    backend.up();
    const reply = deferred<string>();
    const onLate = jest.fn();
    const result = guard.run(() => reply.promise, 'fallback', { onLate });
    const closing = guard.close();
    await new Promise((resolve) => setImmediate(resolve));
    reply.resolve('value');
    expect(await result).toBe('value');
    await closing;
    expect(onLate).not.toHaveBeenCalled();
  });

  it('waits until every operation has settled', async () => {
    backend.up();
    const seen: string[] = [];
    void guard.run(() => new Promise(() => {}), null).then(() => seen.push('fallback'));
    await guard.close();
    expect(seen).toEqual(['fallback']);
  });

  it('resolves as often as it is called, also while something waits, and closes the backend once', async () => {
    backend.up();
    void guard.run(() => new Promise(() => {}), null);
    await Promise.all([guard.close(), guard.close()]);
    await guard.close();
    expect(guard.status.phase).toBe('closed');
    expect(backend.closes).toBe(1);
  });

  it('ends an outage without a log line', async () => {
    backend.up();
    backend.down();
    await guard.close();
    backend.up();
    expect(backend.pings).toHaveLength(0);
    expect(logger.lines).toHaveLength(1);
  });
});
