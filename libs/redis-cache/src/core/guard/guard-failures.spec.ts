import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ControlledBackend, replyError } from '@test/fixtures/redis-cache/controlled-backend.js';
import { RecordingLogger } from '@test/fixtures/redis-cache/recording-logger.js';
import { createCounters, type RedisCacheCounters } from '../counters/counters.js';
import { Guard } from './guard.js';

const DEADLINE_MS = 400;
const FALLBACK = 'fallback';

const pass = (ms: number): Promise<void> => jest.advanceTimersByTimeAsync(ms);
const reject = (error: unknown): never => {
  throw error;
};

describe('Guard: failures of a server that replies', () => {
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
    await guard.close();
    jest.useRealTimers();
  });

  const answer = (): Promise<string> => guard.run(async () => 'value', FALLBACK);
  const fail = (error: unknown): Promise<string> => guard.run(async () => reject(error), FALLBACK);
  const failWrite = (error: unknown): Promise<boolean> => guard.runWrite(async () => reject(error), false);
  const write = (): Promise<boolean> => guard.runWrite(async () => true, false);

  describe('error replies', () => {
    beforeEach(() => backend.up());

    it.each(['LOADING', 'NOAUTH', 'CLUSTERDOWN', 'MASTERDOWN', 'BUSY'])('opens on %s', async (code) => {
      await fail(replyError(`${code} some text`));
      expect(guard.status).toMatchObject({ phase: 'unavailable', lastError: code });
    });

    it.each(['WRONGTYPE', 'ERR', 'NOPERM'])('never opens on %s, which it logs once', async (code) => {
      for (let call = 0; call < 1_000; call += 1) await fail(replyError(`${code} some text`));
      expect(guard.status).toMatchObject({ phase: 'serving', breaker: 'closed', writable: true });
      expect(logger.lines).toHaveLength(1);
      expect(logger.lines[0]).toContain(code);
      expect(counters.errors).toBe(1_000);
    });

    it('logs no more than a few kinds of failed commands, whatever a server invents', async () => {
      for (let call = 0; call < 1_000; call += 1) await fail(replyError(`CODE${call} some text`));
      expect(logger.lines.length).toBeLessThan(50);
    });

    it('never logs the text of a failed command, which may hold keys', async () => {
      await fail(replyError("ERR unknown command, with args beginning with: 'the prompt'"));
      expect(logger.lines.join()).not.toContain('the prompt');
    });
  });

  describe('refused writes', () => {
    beforeEach(() => backend.up());

    it.each(['READONLY', 'OOM', 'MISCONF', 'NOREPLICAS'])('goes on reading after %s', async (code) => {
      expect(await failWrite(replyError(`${code} some text`))).toBe(false);
      expect(guard.status).toMatchObject({ phase: 'serving', writable: false, lastError: code });
      expect(await answer()).toBe('value');
    });

    it('keeps trying writes, and logs one line however often they are refused', async () => {
      for (let call = 0; call < 100; call += 1) await failWrite(replyError('OOM x'));
      expect(logger.lines).toHaveLength(1);
      expect(counters.errors).toBe(100);
    });

    it('is writable again after an accepted write, with one line', async () => {
      await failWrite(replyError('OOM x'));
      await write();
      await write();
      expect(guard.status).toMatchObject({ writable: true, lastError: null });
      expect(logger.matching(/accepts writes again/)).toHaveLength(1);
    });

    it('is not writable again after a successful read', async () => {
      await failWrite(replyError('OOM x'));
      await answer();
      expect(guard.status.writable).toBe(false);
    });

    it('is not writable again after an operation that wrote nothing', async () => {
      await failWrite(replyError('OOM x'));
      expect(await guard.runWrite(async () => false, false)).toBe(false);
      expect(guard.status.writable).toBe(false);
      expect(logger.lines).toHaveLength(1);
    });

    it('is forgotten after an outage: the server may be another one', async () => {
      await failWrite(replyError('READONLY x'));
      backend.down();
      backend.up();
      backend.pings[0]!.resolve('PONG');
      await pass(0);
      expect(guard.status.writable).toBe(true);
    });
  });

  it('counts as not writable while unavailable', () => {
    backend.down();
    expect(guard.status.writable).toBe(false);
  });
});
