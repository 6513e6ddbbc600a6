import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { inTime, LATE, within } from './deadline.js';

const LIMIT_MS = 100;

describe('within', () => {
  beforeEach(() => void jest.useFakeTimers());

  afterEach(() => void jest.useRealTimers());

  it('settles as the promise does, and leaves no timer', async () => {
    await expect(within(Promise.resolve(5), LIMIT_MS)).resolves.toBe(5);
    await expect(within(Promise.reject(new Error('away')), LIMIT_MS)).rejects.toThrow('away');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('resolves to LATE at the limit, not before', async () => {
    let result: unknown = 'pending';
    void within(new Promise(() => {}), LIMIT_MS).then((value) => (result = value));
    await jest.advanceTimersByTimeAsync(LIMIT_MS - 1);
    expect(result).toBe('pending');
    await jest.advanceTimersByTimeAsync(1);
    expect(result).toBe(LATE);
  });
});

describe('inTime', () => {
  it('resolves to null for a promise that rejects or takes too long', async () => {
    expect(await inTime(Promise.resolve(5))).toBe(5);
    expect(await inTime(Promise.reject(new Error('away')))).toBeNull();
    expect(await inTime(new Promise(() => {}), 1)).toBeNull();
  });
});
