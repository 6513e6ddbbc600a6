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
const denied = (): Error =>
  Object.assign(replyError("NOPERM this user has no permissions to run the 'get' command"), {
    command: { name: 'get' },
  });

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

  describe('the latest failure', () => {
    beforeEach(() => backend.up());

    it.each(['WRONGTYPE', 'ERR'])('%s has ended when an operation succeeds', async (code) => {
      await fail(replyError(`${code} some text`));
      expect(guard.status.lastError).toBe(code);
      await answer();
      expect(guard.status.lastError).toBeNull();
    });

    it('a timeout has ended when an operation succeeds', async () => {
      const slow = guard.run(() => new Promise(() => {}), FALLBACK);
      const other = guard.run(() => new Promise((resolve) => setTimeout(resolve, DEADLINE_MS - 1)), FALLBACK);
      await pass(2 * DEADLINE_MS);
      expect(await slow).toBe(FALLBACK);
      await other;
      expect(guard.status).toMatchObject({ phase: 'serving', lastError: 'TIMEOUT' });
      await answer();
      expect(guard.status.lastError).toBeNull();
    });

    it('a refused write is named until a write is accepted, whatever is read meanwhile', async () => {
      await failWrite(replyError('OOM x'));
      await answer();
      expect(guard.status).toMatchObject({ writable: false, lastError: 'OOM' });
      await write();
      expect(guard.status).toMatchObject({ writable: true, lastError: null });
    });
  });

  describe('missing rights', () => {
    beforeEach(() => backend.up());

    it('are named while the command is refused, although others succeed', async () => {
      await fail(denied());
      await answer();
      expect(guard.status).toMatchObject({ phase: 'serving', writable: true, lastError: 'NOPERM' });
      expect(guard.deniedCommands).toEqual(['GET']);
      await pass(6_000);
      expect(guard.deniedCommands).toEqual([]);
      await answer();
      expect(guard.status.lastError).toBeNull();
    });

    it('for writes make a server that refuses writes', async () => {
      backend.writeAnswer = async () => reject(replyError('NOPERM x'));
      const failing = fail(denied());
      await pass(0);
      await failing;
      backend.pings[0]!.resolve('PONG');
      await pass(0);
      expect(guard.status).toMatchObject({ phase: 'serving', writable: false, lastError: 'NOPERM' });
      expect(logger.matching(/^Redis refuses writes \(NOPERM\)/)).toHaveLength(1);
      await write();
      expect(guard.status.writable).toBe(true);
    });

    it('are looked into once in a while, however many commands are refused', async () => {
      let checks = 0;
      backend.writeAnswer = async () => (checks += 1);
      for (let call = 0; call < 100; call += 1) await fail(denied());
      expect(checks).toBe(1);
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
