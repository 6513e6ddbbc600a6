import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { LiveFeed, type LiveSnapshot } from './live-feed.js';

let taken: number;
let length: number;
let feed: LiveFeed;

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  taken = 0;
  length = 0;
  feed = new LiveFeed(async () => {
    taken += 1;
    return { queue: { waiting: length } } as LiveSnapshot;
  });
});

afterEach(() => {
  feed.close();
  jest.useRealTimers();
});

const tick = (): Promise<void> => jest.advanceTimersByTimeAsync(1_000);

/** What a listener has received since the last call. */
function unread(listener: Readable): string {
  return String(listener.read() ?? '');
}

const snapshot = (waiting: number): string => `event: snapshot\ndata: {"queue":{"waiting":${waiting}}}\n\n`;

describe('LiveFeed', () => {
  it('starts with the current state, then sends changes, with heartbeats in between', async () => {
    const listener = feed.listen();
    await jest.advanceTimersByTimeAsync(0);
    expect(unread(listener)).toBe(snapshot(0));
    await tick();
    await tick();
    expect(unread(listener)).toMatch(/: beat\n\n$/);
    length = 7;
    await tick();
    expect(unread(listener)).toBe(snapshot(7));
  });

  it('takes one snapshot per second for all listeners', async () => {
    const listeners = Array.from({ length: 50 }, () => feed.listen());
    await jest.advanceTimersByTimeAsync(0);
    const greeted = taken;
    expect(jest.getTimerCount()).toBe(1);
    length = 1;
    await tick();
    expect(taken).toBe(greeted + 1);
    for (const listener of listeners) expect(unread(listener)).toContain(snapshot(1));
  });

  it('has no timer and takes no snapshots without listeners', async () => {
    expect(jest.getTimerCount()).toBe(0);
    const listeners = [feed.listen(), feed.listen()];
    await jest.advanceTimersByTimeAsync(0);
    const left = listeners.map((listener) => once(listener, 'close'));
    for (const listener of listeners) listener.destroy();
    await Promise.all(left);
    expect([feed.size, jest.getTimerCount()]).toEqual([0, 0]);
    const last = taken;
    await tick();
    expect(taken).toBe(last);
    feed.listen();
    expect(jest.getTimerCount()).toBe(1);
  });

  it('sends nothing to a listener that does not read, and the latest state once it reads', async () => {
    const [reading, sleeping] = [feed.listen(), feed.listen()];
    for (let round = 0; round < 2_000; round += 1) {
      length = round;
      await tick();
      expect(unread(reading)).toContain(snapshot(round));
    }
    expect(sleeping.readableLength).toBeLessThan(66_000);
    expect(unread(sleeping)).not.toContain(snapshot(1_999));
    await tick();
    expect([unread(reading), unread(sleeping)]).toEqual([': beat\n\n', snapshot(1_999)]);
  });

  it('takes one snapshot at a time and sends heartbeats in the meantime', async () => {
    const answers: ((snapshot: LiveSnapshot) => void)[] = [];
    const slow = new LiveFeed(() => new Promise((resolve) => answers.push(resolve)));
    const listener = slow.listen();
    await tick();
    await tick();
    await tick();
    // One for the new listener, one for the first tick.
    expect(answers).toHaveLength(2);
    expect(unread(listener)).toBe(': beat\n\n: beat\n\n');
    slow.close();
  });

  it('ends all streams when it closes, and new streams immediately', async () => {
    const listener = feed.listen().resume();
    const ended = once(listener, 'end');
    feed.close();
    await ended;
    await once(feed.listen().resume(), 'end');
    expect(jest.getTimerCount()).toBe(0);
  });
});
