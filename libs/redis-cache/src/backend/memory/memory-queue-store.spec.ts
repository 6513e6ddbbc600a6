import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { MemoryBackend } from './memory-backend.js';
import { MemoryQueueStore } from './memory-queue-store.js';

describe('MemoryQueueStore', () => {
  let store: MemoryQueueStore;

  beforeEach(() => {
    store = new MemoryQueueStore();
  });

  it('behaves like a list under any sequence of operations', async () => {
    const operation = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('push' as const), item: fc.string() }) },
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('shift' as const) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 100 }), async (operations) => {
        const queue = new MemoryQueueStore();
        let model: string[] = [];
        for (const step of operations) {
          if (step.kind === 'push') {
            expect(await queue.push('q', step.item, 20)).toBe(model.length < 20);
            if (model.length < 20) model.push(step.item);
          } else if (step.kind === 'shift') {
            expect(await queue.shift('q')).toBe(model.shift() ?? null);
          } else {
            await queue.clear('q');
            model = [];
          }
          expect(await queue.length('q')).toBe(model.length);
        }
      }),
    );
  });

  it('keeps the order over many more requests than it compacts at', async () => {
    let next = 0;
    for (let round = 0; round < 10_000; round += 1) {
      await store.push('q', String(round), 100_000);
      if (round % 3 !== 0) expect(await store.shift('q')).toBe(String(next++));
    }
    while ((await store.length('q')) > 0) expect(await store.shift('q')).toBe(String(next++));
    expect(next).toBe(10_000);
  });

  it('counts what waits, not what was taken, towards the longest length', async () => {
    for (let round = 0; round < 5_000; round += 1) {
      expect(await store.push('q', 'x', 1)).toBe(true);
      expect(await store.push('q', 'x', 1)).toBe(false);
      expect(await store.shift('q')).toBe('x');
    }
  });

  it('keeps queues apart, whatever their names', async () => {
    for (const name of ['a', 'b', '__proto__', 'constructor', '']) await store.push(name, `of ${name}`, 9);
    expect(await store.shift('__proto__')).toBe('of __proto__');
    expect(await store.shift('')).toBe('of ');
    await store.clear('a');
    expect([await store.length('a'), await store.length('b')]).toEqual([0, 1]);
  });
});

describe('MemoryBackend', () => {
  it('is reachable from the first moment', async () => {
    const backend = new MemoryBackend({ maxBytes: 1_000 });
    const heard: string[] = [];
    backend.watch({ up: () => heard.push('up'), down: () => heard.push('down') });
    expect(heard).toEqual(['up']);
    await expect(Promise.all([backend.ping(), backend.pingWrite(), backend.close()])).resolves.toBeDefined();
  });

  it('goes by a clock that the machine cannot set back, unless given one', async () => {
    let now = 1_000;
    const backend = new MemoryBackend({ maxBytes: 1_000, now: () => now });
    await backend.entries.set('key', Buffer.from('x'), 100);
    now += 101;
    expect(await backend.entries.get('key')).toBeNull();
  });
});
