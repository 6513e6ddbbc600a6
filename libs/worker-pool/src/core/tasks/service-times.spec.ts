import { describe, expect, it } from '@jest/globals';
import { ServiceTimes } from './service-times.js';

const after = (...durations: number[]): ServiceTimes => {
  const times = new ServiceTimes();
  durations.forEach((duration) => times.record(duration));
  return times;
};

describe('ServiceTimes', () => {
  it('assumes a second per task before the first has ended', () => {
    expect(after().estimateWaitMs(9, 5)).toBe(2_000);
  });

  it('grows with the backlog and shrinks with the concurrency', () => {
    const times = after(1_000);
    expect(times.estimateWaitMs(0, 1)).toBe(1_000);
    expect(times.estimateWaitMs(9, 1)).toBe(10_000);
    expect(times.estimateWaitMs(9, 10)).toBe(1_000);
  });

  it('follows recent times', () => {
    const slow = Array.from({ length: 50 }, () => 10_000);
    const fast = Array.from({ length: 50 }, () => 100);
    expect(after(...fast, ...slow).estimateWaitMs(0, 1)).toBeGreaterThan(9_000);
    expect(after(...slow, ...fast).estimateWaitMs(0, 1)).toBeLessThan(200);
  });

  it('is a whole number of milliseconds, at least 1', () => {
    expect(after(0).estimateWaitMs(0, 5)).toBe(1);
    expect(after(10).estimateWaitMs(0, 3)).toBe(4);
  });
});
