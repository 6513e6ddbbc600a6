import { beforeEach, describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { QueueModel, steps } from '@test/fixtures/redis-cache/queue-model.js';
import { FakeClock } from '../../../testing/fake-clock.js';
import { MemoryBackend } from './memory-backend.js';
import { MemoryQueueStore } from './memory-queue-store.js';

const TERMS = { maxDeliveries: 5, maxDeadLetters: 10 };

describe('MemoryQueueStore', () => {
  let store: MemoryQueueStore;

  beforeEach(() => {
    store = new MemoryQueueStore(() => 0);
  });

  it('behaves as its model does in random sequences of operations', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (those) => {
        const clock = new FakeClock();
        const queue = new MemoryQueueStore(clock.now);
        await new QueueModel(queue, 'q', async (ms) => clock.advance(ms)).run(those);
      }),
      { numRuns: 300 },
    );
  });

  it('keeps the order across compactions of its list', async () => {
    let next = 0;
    for (let round = 0; round < 10_000; round += 1) {
      await store.push('q', [String(round)], 100_000);
      if (round % 3 !== 0) expect(await store.shift('q', 1, TERMS)).toEqual([String(next++)]);
    }
    while ((await store.length('q')) > 0) expect(await store.shift('q', 1, TERMS)).toEqual([String(next++)]);
    expect(next).toBe(10_000);
  });

  it('counts waiting requests, not dequeued ones, towards maxLength', async () => {
    for (let round = 0; round < 5_000; round += 1) {
      expect(await store.push('q', ['x'], 1)).toBe(1);
      expect(await store.push('q', ['x'], 1)).toBe(0);
      expect(await store.shift('q', 1, TERMS)).toEqual(['x']);
    }
  });

  it('keeps queues separate, whatever their names', async () => {
    for (const name of ['a', 'b', '__proto__', 'constructor', '']) await store.push(name, [`of ${name}`], 9);
    expect(await store.shift('__proto__', 1, TERMS)).toEqual(['of __proto__']);
    expect(await store.shift('', 1, TERMS)).toEqual(['of ']);
    await store.clear('a');
    expect([await store.length('a'), await store.length('b')]).toEqual([0, 1]);
  });
});

describe('MemoryBackend', () => {
  it('is available at once', async () => {
    const backend = new MemoryBackend({ maxBytes: 1_000 });
    const events: string[] = [];
    backend.watch({ up: () => events.push('up'), down: () => events.push('down') });
    expect(events).toEqual(['up']);
    await expect(Promise.all([backend.ping(), backend.pingWrite(), backend.close()])).resolves.toBeDefined();
  });

  it('uses the clock that it is given', async () => {
    let now = 1_000;
    const backend = new MemoryBackend({ maxBytes: 1_000, now: () => now });
    await backend.entries.set('key', Buffer.from('x'), 100);
    now += 101;
    expect(await backend.entries.get('key')).toBeNull();
  });
});
