import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CacheEventListener } from '../backend/backend.js';
import { EndWatch } from './end-watch.js';

const LONG_MS = 60_000;

describe('EndWatch', () => {
  let listeners: CacheEventListener[];
  let watch: EndWatch;

  beforeEach(() => {
    jest.useFakeTimers();
    listeners = [];
    watch = new EndWatch({ listen: (listener) => void listeners.push(listener), close: async () => {} });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const end = (key: string): void => listeners.forEach((listener) => listener({ type: 'ended', key }));
  const never = new AbortController().signal;

  it('listens from the first wait on, once', () => {
    expect(listeners).toHaveLength(0);
    void watch.next('a', LONG_MS, never);
    void watch.next('b', LONG_MS, never);
    expect(listeners).toHaveLength(1);
  });

  it('wakes all who wait for the key, and nobody else', async () => {
    const woken: string[] = [];
    for (const key of ['a', 'a', 'b']) void watch.next(key, LONG_MS, never).then(() => woken.push(key));
    end('a');
    await jest.advanceTimersByTimeAsync(0);
    expect(woken).toEqual(['a', 'a']);
    expect(jest.getTimerCount()).toBe(1);
  });

  it('wakes nobody by what is no end', async () => {
    const woken = jest.fn();
    void watch.next('a', LONG_MS, never).then(woken);
    listeners[0]!({ type: 'changed', key: 'a' });
    listeners[0]!({ type: 'flushed' });
    await jest.advanceTimersByTimeAsync(0);
    expect(woken).not.toHaveBeenCalled();
  });

  it('wakes by itself after the given time', async () => {
    const waiting = watch.next('a', 100, never);
    await jest.advanceTimersByTimeAsync(100);
    await waiting;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('wakes at once when the signal aborts, or has aborted', async () => {
    const controller = new AbortController();
    const waiting = watch.next('a', LONG_MS, controller.signal);
    controller.abort();
    await waiting;
    await watch.next('a', LONG_MS, controller.signal);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no listener on a signal that outlives many waits', async () => {
    const controller = new AbortController();
    const added = jest.spyOn(controller.signal, 'addEventListener');
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    for (let wait = 0; wait < 100; wait += 1) {
      const waiting = watch.next('a', LONG_MS, controller.signal);
      end('a');
      await waiting;
    }
    expect(added).toHaveBeenCalledTimes(100);
    expect(removed).toHaveBeenCalledTimes(100);
  });
});
