import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { ProcessDeadlines } from './process-run.js';

describe('ProcessDeadlines', () => {
  const limits = { wallTimeoutMs: 1_000, idleTimeoutMs: 300 };
  const expiries: [string, number][] = [];
  const make = (): ProcessDeadlines => new ProcessDeadlines(limits, (kind, ms) => expiries.push([kind, ms]));

  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
    expiries.length = 0;
  });

  it('expires after the idle timeout without output', () => {
    make();
    jest.advanceTimersByTime(299);
    expect(expiries).toEqual([]);
    jest.advanceTimersByTime(1);
    expect(expiries).toEqual([['idle', 300]]);
  });

  it('expires after the wall timeout despite output', () => {
    const deadlines = make();
    for (let elapsed = 0; elapsed < 999; elapsed += 37) {
      jest.advanceTimersByTime(37);
      deadlines.touch();
    }
    jest.advanceTimersByTime(1);
    expect(expiries).toEqual([['wall', 1_000]]);
  });

  it('does not expire once cleared', () => {
    make().clear();
    jest.advanceTimersByTime(5_000);
    expect(expiries).toEqual([]);
  });
});
