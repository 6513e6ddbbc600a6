import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { atMost } from './at-most.js';

describe('atMost', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it('answers what the promise answers, and leaves no timer behind', async () => {
    expect(await atMost(100, Promise.resolve('value'), 'otherwise')).toBe('value');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('answers otherwise when the promise rejects, and leaves no timer behind', async () => {
    expect(await atMost(100, Promise.reject(new Error('x')), 'otherwise')).toBe('otherwise');
    expect(jest.getTimerCount()).toBe(0);
  });

  it('answers otherwise when the time is over, not before', async () => {
    let answered: string | undefined;
    void atMost(100, new Promise<string>(() => {}), 'otherwise').then((value) => (answered = value));
    await jest.advanceTimersByTimeAsync(99);
    expect(answered).toBeUndefined();
    await jest.advanceTimersByTimeAsync(1);
    expect(answered).toBe('otherwise');
  });
});
