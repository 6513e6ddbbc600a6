import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { WindowCount } from '../core.js';
import { RateLimiter, type RateLimiterOptions, SharedWindow } from './rate-limiter.js';

const WINDOW_MS = 60_000;

/** The count of all processes. */
class Counter {
  count = 0;
  away = false;
  readonly amounts: number[] = [];

  add = async (amount: number): Promise<WindowCount | null> => {
    this.amounts.push(amount);
    if (this.away) return null;
    this.count += amount;
    return { count: this.count, resetMs: WINDOW_MS };
  };
}

let counter: Counter;
let now: number;

beforeEach(() => {
  counter = new Counter();
  now = 1_000;
});

function windowOf(limit: number): SharedWindow {
  return new SharedWindow(limit, counter.add, () => now);
}

/** Waits for some turns of the event loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

const hit = (window: SharedWindow): Promise<WindowCount> => new Promise((resolve) => window.hit(resolve));

/** The count, if the window calls back synchronously. */
function hitAtOnce(window: SharedWindow): WindowCount | undefined {
  let state: WindowCount | undefined;
  window.hit((reached) => (state = reached));
  return state;
}

async function allowedOf(windows: SharedWindow[], calls: number, limit: number): Promise<number> {
  const hits = Array.from({ length: calls }, (_, index) => hit(windows[index % windows.length]!));
  return (await Promise.all(hits)).filter(({ count }) => count <= limit).length;
}

describe('a window that several processes share', () => {
  it.each([1, 5, 9])('lets exactly %d of many concurrent calls pass in three processes', async (limit) => {
    const windows = [windowOf(limit), windowOf(limit), windowOf(limit)];
    expect(await allowedOf(windows, 200, limit)).toBe(limit);
  });

  it('lets exactly 600 pass, also if a process reports its count slowly', async () => {
    const slow = new SharedWindow(
      600,
      (amount) => turns(20).then(() => counter.add(amount)),
      () => now,
    );
    expect(await allowedOf([windowOf(600), slow], 3_000, 600)).toBe(600);
  });

  it('lets a thousandth more of a large limit pass at most, for each other process', async () => {
    const limit = 10_000;
    const slow = new SharedWindow(
      limit,
      (amount) => turns(20).then(() => counter.add(amount)),
      () => now,
    );
    const allowed = await allowedOf([windowOf(limit), slow], 3 * limit, limit);
    expect(allowed).toBeGreaterThanOrEqual(limit);
    expect(allowed).toBeLessThanOrEqual(limit + limit / 1_000);
  });

  it('numbers the calls', async () => {
    const window = windowOf(3);
    expect(await hit(window)).toEqual({ count: 1, resetMs: WINDOW_MS });
    expect(await hit(window)).toEqual({ count: 2, resetMs: WINDOW_MS });
  });

  it('decides synchronously while far from the limit, and reports its count later', async () => {
    jest.useFakeTimers();
    try {
      const window = windowOf(100_000);
      await hit(window);
      for (let calls = 2; calls <= 50; calls += 1) expect(hitAtOnce(window)?.count).toBe(calls);
      expect(counter.count).toBe(1);
      await jest.advanceTimersByTimeAsync(20);
      expect(counter.count).toBe(50);
      expect(counter.amounts).toEqual([1, 49]);
    } finally {
      jest.useRealTimers();
    }
  });

  it('waits for the common count if much is unreported, near the limit, and if its last reply is old', async () => {
    const much = windowOf(10_000);
    await hit(much);
    for (let calls = 0; calls < 10; calls += 1) expect(hitAtOnce(much)).toBeDefined();
    expect(hitAtOnce(much)).toBeUndefined();

    counter.count = 6_000;
    const near = windowOf(10_000);
    await hit(near);
    expect(hitAtOnce(near)).toBeUndefined();

    counter.count = 0;
    const old = windowOf(10_000);
    await hit(old);
    now += 251;
    expect(hitAtOnce(old)).toBeUndefined();
  });

  it('refuses without a round trip above the limit, until the window ends', async () => {
    const window = windowOf(1);
    await hit(window);
    await hit(window);
    now += 500;
    expect(hitAtOnce(window)).toEqual({ count: 2, resetMs: WINDOW_MS - 500 });
    expect(counter.amounts).toEqual([1, 1]);
    now += WINDOW_MS;
    counter.count = 0;
    expect((await hit(window)).count).toBe(1);
  });

  it('counts nothing while the common count is unavailable, and continues afterwards', async () => {
    counter.away = true;
    const window = windowOf(2);
    for (let calls = 0; calls < 10; calls += 1) expect((await hit(window)).count).toBe(0);
    counter.away = false;
    expect(await allowedOf([window], 10, 2)).toBe(2);
  });
});

const countInWindow: Parameters<typeof rateLimiter>[0] = (_name, _windowMs, amount = 1) =>
  counter.add(amount);

function rateLimiter(
  count: ConstructorParameters<typeof RateLimiter>[0]['countInWindow'],
  options: RateLimiterOptions,
): RateLimiter {
  return new RateLimiter({ countInWindow: count }, options);
}

function hitOf(limiter: RateLimiter, caller: string): Promise<WindowCount> {
  return new Promise((resolve) => limiter.hit(caller, resolve));
}

describe('a rate limiter', () => {
  it('counts each caller in a window of its own', async () => {
    const names = new Set<string>();
    const limiter = rateLimiter(
      (name, ...rest) => {
        names.add(name);
        return countInWindow(name, ...rest);
      },
      { limit: 10, windowMs: WINDOW_MS },
    );
    for (const caller of ['one', 'two', 'one']) await hitOf(limiter, caller);
    expect([...names]).toEqual(['rate:one', 'rate:two']);
  });

  it('drops the oldest windows first', async () => {
    const limiter = rateLimiter(countInWindow, { limit: 1, windowMs: WINDOW_MS, maxCallers: 2 });
    for (const caller of ['one', 'one', 'one']) await hitOf(limiter, caller);
    // The third call was refused without a round trip.
    expect(counter.amounts).toHaveLength(2);
    for (const caller of ['two', 'three', 'one']) await hitOf(limiter, caller);
    expect(counter.amounts).toHaveLength(5);
  });
});
