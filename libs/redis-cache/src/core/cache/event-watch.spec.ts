import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { CacheEventListener } from '../backend/backend.js';
import { EventWatch } from './event-watch.js';

const LONG_MS = 60_000;

describe('EventWatch', () => {
  let listeners: CacheEventListener[];
  let events: EventWatch;

  beforeEach(() => {
    jest.useFakeTimers();
    listeners = [];
    events = new EventWatch({ listen: (listener) => void listeners.push(listener), close: async () => {} });
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  const emit = (type: 'ended' | 'pieces' | 'changed', key: string): void =>
    listeners.forEach((listener) => listener({ type, key }));
  const never = new AbortController().signal;

  it('listens from the first watch on, once', () => {
    expect(listeners).toHaveLength(0);
    events.watch('a');
    events.watch('b');
    expect(listeners).toHaveLength(1);
  });

  it('knows whether events are received', () => {
    events.watch('a');
    const states = (['up', 'down', 'up'] as const).map((type) => {
      listeners.forEach((listener) => listener({ type }));
      return events.isUp;
    });
    expect(states).toEqual([true, false, true]);
  });

  it('wakes all waiters of the key, and no others', async () => {
    const woken: string[] = [];
    for (const key of ['a', 'a', 'b']) {
      void events
        .watch(key)
        .next(LONG_MS, never)
        .then(() => woken.push(key));
    }
    emit('ended', 'a');
    await jest.advanceTimersByTimeAsync(0);
    expect(woken).toEqual(['a', 'a']);
    expect(jest.getTimerCount()).toBe(1);
  });

  it('wakes for pieces only who wants them, and for no other event', async () => {
    const [whole, pieces] = [events.watch('a'), events.watch('a')];
    pieces.wantsPieces = true;
    const woken: string[] = [];
    void whole.next(LONG_MS, never).then(() => woken.push('whole'));
    void pieces.next(LONG_MS, never).then(() => woken.push('pieces'));
    emit('changed', 'a');
    await jest.advanceTimersByTimeAsync(0);
    expect(woken).toEqual([]);
    emit('pieces', 'a');
    await jest.advanceTimersByTimeAsync(0);
    expect(woken).toEqual(['pieces']);
  });

  it('remembers an event between two waits', async () => {
    const watch = events.watch('a');
    emit('ended', 'a');
    await watch.next(LONG_MS, never);
    expect(jest.getTimerCount()).toBe(0);
    void watch.next(LONG_MS, never);
    expect(jest.getTimerCount()).toBe(1);
  });

  it('wakes nobody after it was closed, and then still others', async () => {
    const [closed, open] = [events.watch('a'), events.watch('a')];
    closed.close();
    emit('ended', 'a');
    void closed.next(LONG_MS, never);
    await open.next(LONG_MS, never);
    expect(jest.getTimerCount()).toBe(1);
    open.close();
    const later = events.watch('a');
    emit('ended', 'a');
    await later.next(LONG_MS, never);
  });

  it('wakes after the given time', async () => {
    const waiting = events.watch('a').next(100, never);
    await jest.advanceTimersByTimeAsync(100);
    await waiting;
    expect(jest.getTimerCount()).toBe(0);
  });

  it('wakes at once when the signal aborts, or has aborted', async () => {
    const controller = new AbortController();
    const watch = events.watch('a');
    const waiting = watch.next(LONG_MS, controller.signal);
    controller.abort();
    await waiting;
    await watch.next(LONG_MS, controller.signal);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('leaves no listener on a signal that outlives many waits', async () => {
    const controller = new AbortController();
    const added = jest.spyOn(controller.signal, 'addEventListener');
    const removed = jest.spyOn(controller.signal, 'removeEventListener');
    const watch = events.watch('a');
    for (let wait = 0; wait < 100; wait += 1) {
      const waiting = watch.next(LONG_MS, controller.signal);
      emit('ended', 'a');
      await waiting;
    }
    expect(added).toHaveBeenCalledTimes(100);
    expect(removed).toHaveBeenCalledTimes(100);
  });
});
