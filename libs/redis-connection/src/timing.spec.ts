import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { atMost, backOffMs, retryDelay } from './timing.js';

describe('atMost', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('returns the value of the promise and leaves no timer behind', async () => {
    expect(await atMost(100, Promise.resolve('value'), 'otherwise')).toBe('value');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('returns the other value when the promise rejects and leaves no timer behind', async () => {
    expect(await atMost(100, Promise.reject(new Error('x')), 'otherwise')).toBe('otherwise');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('returns the other value when the time is over, not before', async () => {
    let returned: string | undefined;
    void atMost(100, new Promise<string>(() => {}), 'otherwise').then((value) => (returned = value));
    await jest.advanceTimersByTimeAsync(99);
    expect(returned).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(returned).toBe('otherwise');
  });
});

describe('backOffMs', () => {
  it.each([
    [0, 50],
    [1, 50],
    [2, 100],
    [3, 200],
    [4, 400],
    [5, 400],
    [1_000_000, 400],
  ])('after %d failures pauses between half of %d ms and all of it', (failures, ceiling) => {
    expect(backOffMs(failures, 50, 400, () => 0)).toBe(ceiling / 2);
    expect(backOffMs(failures, 50, 400, () => 1)).toBe(ceiling);
  });

  it('finds Redis again within a second by default', () => {
    expect(retryDelay(1_000)).toBeLessThanOrEqual(400);
    expect(retryDelay(1_000, 250)).toBeLessThanOrEqual(250);
  });
});
