import { describe, expect, it, jest } from '@jest/globals';
import type { Backend, LinkListener, CacheEvent, CacheEventListener } from '../../core/backend/backend.js';
import { MemoryBackend } from '../../core/backend/memory/memory-backend.js';
import { InvalidOptionsError } from '../../core/errors/errors.js';
import { ChaosBackend } from './chaos-backend.js';
import { type ChaosOptions, ChaosError } from './chaos-options.js';

const BYTES = Buffer.from('the stored bytes');
const LONG_MS = 60_000;
const REQUEST = { seen: null, hasStale: false, force: false };

function calm(options?: ChaosOptions): { chaos: ChaosBackend; memory: MemoryBackend } {
  const memory = new MemoryBackend({ maxBytes: 1_000_000 });
  return { chaos: new ChaosBackend(memory, options), memory };
}

/** Returns one letter per read: `.` for the stored bytes, `c` for corrupted ones, `f` for a failure. */
async function fatesOf(chaos: ChaosBackend, count = 200): Promise<string> {
  const fates = Array.from({ length: count }, async () => {
    try {
      return (await chaos.entries.get('key'))?.equals(BYTES) ? '.' : 'c';
    } catch {
      return 'f';
    }
  });
  return (await Promise.all(fates)).join('');
}

async function fatesOfSeed(seed: number): Promise<string> {
  const { chaos, memory } = calm({ failRate: 0.3, corruptRate: 0.3, seed });
  await memory.entries.set('key', BYTES, LONG_MS);
  return fatesOf(chaos);
}

/** Returns whether the promise settles before the event loop's next turn. */
async function settles(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => void (settled = true);
  promise.then(settle, settle);
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

/** Returns a backend whose link and event listeners the test can call. */
function talkative(): { inner: Backend; link: () => LinkListener; events: () => CacheEventListener } {
  const inner = new MemoryBackend({ maxBytes: 1_000 });
  let link!: LinkListener;
  let events!: CacheEventListener;
  inner.watch = (listener) => (link = listener);
  inner.events.listen = (listener) => (events = listener);
  return { inner, link: () => link, events: () => events };
}

function recordLink(backend: Backend): string[] {
  const told: string[] = [];
  backend.watch({ up: () => told.push('up'), down: (reason) => told.push(`down: ${reason.message}`) });
  return told;
}

describe('ChaosBackend without faults', () => {
  it('passes every operation on', async () => {
    const { chaos, memory } = calm();
    expect(chaos.kind).toBe('memory');
    await chaos.entries.set('key', BYTES, LONG_MS);
    expect(await memory.entries.get('key')).toEqual(BYTES);
    expect(await chaos.queue.push('queue', ['request'], 1)).toBe(1);
    expect(await chaos.leases.acquire('other', 'token', LONG_MS, REQUEST)).toEqual({ state: 'acquired' });
    expect(await chaos.tags.ensure(['tag'], LONG_MS)).toEqual(await memory.tags.read(['tag']));
    await Promise.all([chaos.ping(), chaos.pingWrite()]);
    expect(chaos.injected).toEqual({ failed: 0, hung: 0, delayed: 0, corrupted: 0 });
  });

  it('rejects with the error of the wrapped backend', async () => {
    const { chaos, memory } = calm();
    const error = new Error('of its own');
    memory.entries.get = async () => Promise.reject(error);
    await expect(chaos.entries.get('key')).rejects.toBe(error);
  });
});

describe('ChaosBackend', () => {
  it('fails operations, which then have no effect', async () => {
    const { chaos, memory } = calm({ failRate: 1 });
    await expect(chaos.entries.set('key', BYTES, LONG_MS)).rejects.toThrow(ChaosError);
    await expect(chaos.queue.push('queue', ['x'], 1)).rejects.toThrow('chaos: queue.push failed');
    await expect(chaos.ping()).rejects.toThrow('chaos: ping failed');
    await expect(chaos.pingWrite()).rejects.toThrow(ChaosError);
    expect(await memory.entries.get('key')).toBeNull();
    expect(chaos.injected.failed).toBe(4);
  });

  it('fails with the error of the error option', async () => {
    const { chaos } = calm({ failRate: 1, error: (operation) => new TypeError(`no ${operation}`) });
    await expect(chaos.tags.read(['tag'])).rejects.toThrow(new TypeError('no tags.read'));
  });

  it('hangs operations, which then have no effect', async () => {
    const { chaos, memory } = calm({ hangRate: 1 });
    expect(await settles(chaos.entries.set('key', BYTES, LONG_MS))).toBe(false);
    expect(await memory.entries.get('key')).toBeNull();
    expect(chaos.injected.hung).toBe(1);
    await chaos.close();
  });

  it('delays operations, which still take effect', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate'] });
    try {
      const { chaos, memory } = calm({ delayRate: 1, delayMs: 500 });
      const late = chaos.entries.set('key', BYTES, LONG_MS);
      jest.advanceTimersByTime(499);
      expect(await settles(late)).toBe(false);
      jest.advanceTimersByTime(1);
      expect(await settles(late)).toBe(true);
      expect(await memory.entries.get('key')).toEqual(BYTES);
      expect(chaos.injected.delayed).toBe(1);
    } finally {
      jest.useRealTimers();
    }
  });

  it('damages data that is read, never data that is stored', async () => {
    const { chaos, memory } = calm();
    await memory.entries.set('key', BYTES, LONG_MS);
    chaos.set({ corruptRate: 1 });
    expect(await fatesOf(chaos)).toBe('c'.repeat(200));
    expect(await memory.entries.get('key')).toEqual(Buffer.from('the stored bytes'));
    expect(chaos.injected.corrupted).toBe(200);
  });

  it('damages requests, lease texts and versions, but not the fields that the backend sets', async () => {
    const { chaos, memory } = calm({ corruptRate: 1 });
    await memory.queue.push('queue', ['request'], 1);
    const terms = { maxDeliveries: 3, maxDeadLetters: 3 };
    expect(await chaos.queue.shift('queue', 1, terms)).toEqual([expect.not.stringMatching(/^request$/)]);
    await memory.leases.acquire('key', 'token', LONG_MS, REQUEST);
    const attempt = await chaos.leases.acquire('key', 'other', LONG_MS, REQUEST);
    expect(attempt).toEqual({ state: 'held', holder: expect.not.stringMatching(/^token$/) });
    const versions = await memory.tags.ensure(['tag'], LONG_MS);
    expect(await chaos.tags.read(['tag', 'none'])).toEqual([expect.not.stringContaining(versions[0]!), null]);
  });

  it('does not damage counts, cursors and null', async () => {
    const { chaos } = calm({ corruptRate: 1 });
    expect(await chaos.entries.get('nothing')).toBeNull();
    expect(await chaos.queue.length('queue')).toBe(0);
    expect(await chaos.entries.clearPage(null)).toBeNull();
    expect(chaos.injected.corrupted).toBe(0);
  });

  it.each(['failRate', 'corruptRate'] as const)('observes the rate of %s', async (rate) => {
    const { chaos, memory } = calm({ [rate]: 0.25 });
    await memory.entries.set('key', BYTES, LONG_MS);
    const faults = (await fatesOf(chaos, 2_000)).replaceAll('.', '').length;
    expect(faults).toBeGreaterThan(400);
    expect(faults).toBeLessThan(600);
  });

  it('chooses the same faults for the same seed, and others for another seed', async () => {
    expect(await fatesOfSeed(7)).toBe(await fatesOfSeed(7));
    expect(await fatesOfSeed(7)).not.toBe(await fatesOfSeed(8));
  });

  it('changes the given options at any time, and no others', async () => {
    const { chaos, memory } = calm({ failRate: 0.3, corruptRate: 0.3, seed: 7 });
    await memory.entries.set('key', BYTES, LONG_MS);
    const both = await fatesOf(chaos);
    chaos.set({ seed: 7, corruptRate: 0 });
    expect(await fatesOf(chaos)).toBe(both.replaceAll('c', '.'));
    chaos.set({ failRate: 0, delayMs: undefined });
    expect(await fatesOf(chaos)).toBe('.'.repeat(200));
  });

  it.each([
    [{ failRate: 1.1 }, 'failRate'],
    [{ hangRate: -0.1 }, 'hangRate'],
    [{ delayRate: Number.NaN }, 'delayRate'],
    [{ corruptRate: '1' }, 'corruptRate'],
    [{ delayMs: -1 }, 'delayMs'],
    [{ seed: null }, 'seed'],
    [{ error: 'no' }, 'error'],
    [{ failrate: 1 }, 'failrate'],
    [{ toString: 1 }, 'toString'],
  ])('refuses %j by name, and changes nothing', async (options, field) => {
    const { chaos } = calm({ failRate: 1 });
    const change = () => chaos.set({ failRate: 0, ...options } as ChaosOptions);
    expect(change).toThrow(InvalidOptionsError);
    expect(change).toThrow(new RegExp(`^${field} `));
    await expect(chaos.ping()).rejects.toThrow(ChaosError);
    expect(() => new ChaosBackend(chaos, options as ChaosOptions)).toThrow(InvalidOptionsError);
  });
});

describe('the connection of a ChaosBackend', () => {
  it('notifies its listener once when it goes down and once when it comes up', () => {
    const { chaos } = calm();
    const told = recordLink(chaos);
    chaos.goDown(new Error('cut'));
    chaos.goDown(new Error('again'));
    chaos.comeUp();
    chaos.comeUp();
    expect(told).toEqual(['up', 'down: cut', 'up']);
  });

  it('notifies a listener that is added later that it is down', () => {
    const { chaos } = calm();
    chaos.goDown(new Error('cut'));
    expect(recordLink(chaos)).toEqual(['down: cut']);
  });

  it('rejects every operation with the reason while it is cut, delayed ones too', async () => {
    const { chaos, memory } = calm({ delayRate: 1, delayMs: 1 });
    const late = chaos.entries.set('key', BYTES, LONG_MS);
    const reason = new Error('cut');
    chaos.goDown(reason);
    await expect(chaos.ping()).rejects.toBe(reason);
    await expect(chaos.queue.length('queue')).rejects.toBe(reason);
    await expect(late).rejects.toBe(reason);
    expect(await memory.entries.get('key')).toBeNull();
    chaos.comeUp();
    await expect(chaos.queue.length('queue')).resolves.toBe(0);
  });

  it('comes up only when the wrapped backend is up', () => {
    const { inner, link } = talkative();
    const chaos = new ChaosBackend(inner);
    const told = recordLink(chaos);
    link().up();
    chaos.goDown(new Error('cut'));
    link().down(new Error('lost'));
    chaos.comeUp();
    expect(told).toEqual(['up', 'down: cut']);
    link().up();
    link().down(new Error('lost again'));
    expect(told).toEqual(['up', 'down: cut', 'up', 'down: lost again']);
  });

  it('is replaced by reconnect, unless it is cut', () => {
    const { chaos, memory } = calm();
    const told = recordLink(chaos);
    const reconnect = jest.spyOn(memory, 'reconnect');
    chaos.reconnect();
    expect(told).toEqual(['up', 'down: chaos: the connection was replaced', 'up']);
    chaos.goDown(new Error('cut'));
    chaos.reconnect();
    expect(told.slice(3)).toEqual(['down: cut']);
    expect(reconnect).toHaveBeenCalledTimes(2);
  });

  it('passes events on while it is up, and reports the start and the end of an outage', () => {
    const { inner, events } = talkative();
    const chaos = new ChaosBackend(inner);
    const heard: CacheEvent[] = [];
    const also: CacheEvent[] = [];
    chaos.events.listen((event) => heard.push(event));
    chaos.events.listen((event) => also.push(event));
    const changed = { type: 'changed', key: 'key' } as const;
    events()({ type: 'up' });
    events()(changed);
    chaos.goDown();
    events()(changed);
    chaos.comeUp();
    expect(heard).toEqual([{ type: 'up' }, changed, { type: 'down' }, { type: 'up' }]);
    expect(also).toEqual(heard);
  });

  it('passes on that the server refuses to send events, and reports up only if events arrive', () => {
    const { inner, events } = talkative();
    const chaos = new ChaosBackend(inner);
    const heard: CacheEvent[] = [];
    chaos.events.listen((event) => heard.push(event));
    events()({ type: 'up' });
    chaos.goDown();
    events()({ type: 'refused' });
    events()({ type: 'down' });
    chaos.comeUp();
    expect(heard).toEqual([{ type: 'up' }, { type: 'down' }, { type: 'refused' }]);
  });
});
