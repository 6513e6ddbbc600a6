import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DeadlineSweep, type OutstandingCall } from './deadline-sweep.js';

const DEADLINE_MS = 800;
const TICKS_PER_DEADLINE = 8;
const TICK_MS = DEADLINE_MS / TICKS_PER_DEADLINE;

describe('DeadlineSweep', () => {
  let timeouts: number;
  let silences: number;
  let expired: string[];
  let sweep: DeadlineSweep;

  beforeEach(() => {
    jest.useFakeTimers();
    timeouts = 0;
    silences = 0;
    expired = [];
    sweep = new DeadlineSweep({
      deadlineMs: DEADLINE_MS,
      onTimeout: () => (timeouts += 1),
      onSilence: () => (silences += 1),
    });
  });

  afterEach(() => {
    sweep.stop();
    jest.useRealTimers();
  });

  const start = (name = 'call'): OutstandingCall => sweep.start(() => expired.push(name));
  const startStep = (name: string, since: number): OutstandingCall =>
    sweep.start(() => expired.push(name), since);
  const tick = (count = 1): void => {
    for (let step = 0; step < count; step += 1) sweep.tick();
  };

  it('expires an operation at the end of its deadline, not before', () => {
    start();
    tick(TICKS_PER_DEADLINE - 1);
    expect(expired).toEqual([]);
    tick();
    expect(expired).toEqual(['call']);
    expect(timeouts).toBe(1);
    expect(sweep.size).toBe(0);
  });

  it('does not expire an operation that has its reply', () => {
    const call = start();
    tick(TICKS_PER_DEADLINE - 1);
    expect(sweep.settle(call)).toBe(true);
    tick(2);
    expect(expired).toEqual([]);
    expect(timeouts).toBe(0);
  });

  it('reports a reply that came too late', () => {
    const call = start();
    tick(TICKS_PER_DEADLINE);
    expect(sweep.settle(call)).toBe(false);
  });

  it('expires operations in the order in which they began, each at its own time', () => {
    start('first');
    tick(3);
    start('second');
    tick(TICKS_PER_DEADLINE - 3);
    expect(expired).toEqual(['first']);
    tick(3);
    expect(expired).toEqual(['first', 'second']);
  });

  describe('of several steps', () => {
    it('expires a deadline after the first step', () => {
      const since = sweep.moment;
      const first = start();
      tick(3);
      start('another');
      sweep.settle(first);
      startStep('second', since);
      start('third');
      tick(TICKS_PER_DEADLINE - 3);
      expect(expired).toEqual(['second']);
      tick(3);
      expect(expired).toEqual(['second', 'another', 'third']);
      expect(sweep.size).toBe(0);
    });

    it('is over when its time has passed before the next step', () => {
      const since = sweep.moment;
      start();
      tick(TICKS_PER_DEADLINE - 1);
      expect(sweep.isOver(since)).toBe(false);
      tick();
      expect(sweep.isOver(since)).toBe(true);
    });

    it('is no silence if the last step was not sent long ago', () => {
      const since = sweep.moment;
      const first = start();
      tick(3);
      sweep.settle(first);
      startStep('second', since);
      tick(TICKS_PER_DEADLINE - 3);
      expect(expired).toEqual(['second']);
      expect(silences).toBe(0);
    });

    it('is a silence if the last step has waited almost as long', () => {
      const since = sweep.moment;
      const first = start();
      tick();
      sweep.settle(first);
      startStep('second', since);
      tick(TICKS_PER_DEADLINE - 1);
      expect(silences).toBe(1);
    });
  });

  it('calls a whole deadline without a reply a silence', () => {
    start();
    tick(TICKS_PER_DEADLINE);
    expect(silences).toBe(1);
  });

  it('reports one silence for any number of operations that expire together', () => {
    for (let call = 0; call < 100; call += 1) start();
    tick(TICKS_PER_DEADLINE);
    expect(timeouts).toBe(100);
    expect(silences).toBe(1);
  });

  it.each([0, 3, 7])('calls it no silence when another reply came after %d ticks', (ticks) => {
    start('slow');
    const other = start('quick');
    tick(ticks);
    sweep.settle(other);
    tick(TICKS_PER_DEADLINE - ticks);
    expect(expired).toEqual(['slow']);
    expect(silences).toBe(0);
  });

  it('lets a late reply speak for the server too', () => {
    const late = start('late');
    tick(4);
    start('waiting');
    tick(4);
    expect(silences).toBe(1);
    sweep.settle(late);
    tick(4);
    expect(expired).toEqual(['late', 'waiting']);
    expect(silences).toBe(1);
  });

  it('forgets replies from before the operation began', () => {
    sweep.settle(start('answered'));
    start('waiting');
    tick(TICKS_PER_DEADLINE);
    expect(silences).toBe(1);
  });

  it('never expires sequential operations that get their replies', () => {
    for (let round = 0; round < 1_000; round += 1) {
      const call = start();
      tick(round % TICKS_PER_DEADLINE);
      sweep.settle(call);
    }
    expect(timeouts).toBe(0);
    expect(silences).toBe(0);
  });

  it('expires everything at once when told to, without calling it a timeout', () => {
    start('a');
    start('b');
    sweep.expireAll();
    expect(expired).toEqual(['a', 'b']);
    expect([timeouts, silences, sweep.size]).toEqual([0, 0, 0]);
  });

  it('watches an operation that begins while others expire', () => {
    sweep.start(() => start('next'));
    sweep.expireAll();
    expect(sweep.size).toBe(1);
    tick(TICKS_PER_DEADLINE);
    expect(expired).toEqual(['next']);
  });

  it('is drained when the last operation has its reply or has expired', async () => {
    let drained = false;
    const call = start('answered');
    start('expires');
    const waiting = sweep.drained().then(() => (drained = true));
    sweep.settle(call);
    await jest.advanceTimersByTimeAsync(DEADLINE_MS - 1);
    expect(drained).toBe(false);
    await jest.advanceTimersByTimeAsync(DEADLINE_MS);
    await waiting;
    expect(expired).toEqual(['expires']);
  });

  it('is drained at once when nothing waits', async () => {
    sweep.settle(start());
    await sweep.drained();
    expect(expired).toEqual([]);
  });

  describe('and its timer', () => {
    it('ticks by itself while operations wait', () => {
      start();
      jest.advanceTimersByTime(DEADLINE_MS);
      expect(expired).toEqual(['call']);
    });

    it('needs seven eighths to all of the deadline', () => {
      start('timer runs already');
      jest.advanceTimersByTime(TICK_MS - 1);
      start('just before a tick');
      jest.advanceTimersByTime((TICKS_PER_DEADLINE - 1) * TICK_MS);
      expect(expired).not.toContain('just before a tick');
      jest.advanceTimersByTime(1);
      expect(expired).toContain('just before a tick');
    });

    it('is one for all operations', () => {
      for (let call = 0; call < 1_000; call += 1) start();
      expect(jest.getTimerCount()).toBe(1);
    });

    it('stops when nothing waits, and starts again', () => {
      sweep.settle(start());
      expect(jest.getTimerCount()).toBe(1);
      jest.advanceTimersByTime(TICK_MS);
      expect(jest.getTimerCount()).toBe(0);
      start('later');
      jest.advanceTimersByTime(DEADLINE_MS);
      expect(expired).toEqual(['later']);
    });
  });
});

describe('DeadlineSweep on the real clock', () => {
  it('does not take a blocked event loop for a silent server', async () => {
    const silences: string[] = [];
    const sweep = new DeadlineSweep({
      deadlineMs: 40,
      onTimeout: () => silences.push('timeout'),
      onSilence: () => silences.push('silence'),
    });
    // A reply that is there already, and is read only when the event loop gets to it.
    const call = sweep.start(() => silences.push('expired'));
    const answered = new Promise<boolean>((resolve) => setImmediate(() => resolve(sweep.settle(call))));
    const blockedUntil = performance.now() + 200;
    while (performance.now() < blockedUntil);
    expect(await answered).toBe(true);
    expect(silences).toEqual([]);
    sweep.stop();
  });

  it('does not keep the process alive', () => {
    const setInterval = jest.spyOn(globalThis, 'setInterval');
    const sweep = new DeadlineSweep({ deadlineMs: 1_000, onTimeout: () => {}, onSilence: () => {} });
    sweep.start(() => {});
    const timer = setInterval.mock.results[0]!.value as NodeJS.Timeout;
    expect(timer.hasRef()).toBe(false);
    sweep.stop();
    setInterval.mockRestore();
  });
});
