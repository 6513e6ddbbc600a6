import assert from 'node:assert/strict';
import type { QueueStore } from '../../core/backend/queue-store.js';
import {
  LONG_MS,
  type Promises,
  pushAll,
  releaseSettings,
  reserveOne,
  ROOM,
  SHORT_MS,
  TERMS,
} from './subject.js';

const NAME = 'queue';
const LARGE = 'x'.repeat(500);

/** The promises of `QueueStore` about the bytes that a queue holds. All small requests have the same size. */
export const queueBytePromises: Promises = {
  'push appends the first requests that fit into maxBytes': async ({ backend: { queue } }) => {
    const size = await sizeOf(queue, 'a');
    assert.equal(await queue.push(NAME, ['b', 'c', 'd', 'e'], ROOM, 3 * size), 2);
    assert.equal(await queue.push(NAME, ['f'], ROOM, 3 * size), 0);
    assert.equal(await queue.push(NAME, [LARGE, 'g'], ROOM, 4 * size), 0);
    assert.deepEqual(await queue.shift(NAME, ROOM, TERMS), ['a', 'b', 'c']);
    assert.equal(await queue.push(NAME, ['h'], ROOM, size), 1);
  },

  'a request that does not fit into maxBytes leaves room for those of other calls': async ({
    backend: { queue },
  }) => {
    const size = await sizeOf(queue, 'a');
    const push = (request: string): Promise<number> => queue.push(NAME, [request], ROOM, 2 * size);
    assert.deepEqual(await Promise.all([push(LARGE), push('b'), push('c')]), [0, 1, 0]);
  },

  'reserved and returned requests count as bytes until they are removed': async ({ backend, passTime }) => {
    const { queue } = backend;
    const size = await sizeOf(queue, 'a');
    await pushAll(queue, 'b', 'c');
    const first = await reserveOne(queue);
    const second = await reserveOne(queue);
    const third = await reserveOne(queue, SHORT_MS);
    assert.equal(await bytesOf(queue), 3 * size);
    assert.equal(await queue.push(NAME, ['d'], ROOM, 3 * size), 0);
    await queue.release(NAME, second.id, releaseSettings());
    await queue.extend(NAME, [first.id], LONG_MS);
    await passTime(2 * SHORT_MS);
    assert.equal(await bytesOf(queue), 3 * size);
    assert.deepEqual(await queue.acknowledge(NAME, [third.id]), [true]);
    assert.deepEqual(await queue.acknowledge(NAME, [third.id, first.id, first.id]), [false, true, false]);
    assert.equal(await bytesOf(queue), size);
    assert.deepEqual(await queue.shift(NAME, ROOM, TERMS), ['b']);
    assert.equal(await bytesOf(queue), 0);
  },

  'dead letters do not count as bytes until they are replayed': async ({ backend: { queue } }) => {
    const size = await sizeOf(queue, 'a');
    const { id } = await reserveOne(queue);
    await queue.release(NAME, id, releaseSettings({ rejects: true }));
    assert.equal(await bytesOf(queue), 0);
    const [letter] = await queue.listDeadLetters(NAME, 1);
    assert.equal(await queue.replayDeadLetter(NAME, letter!.id, ROOM, size - 1), 'full');
    assert.equal(await queue.replayDeadLetter(NAME, letter!.id, ROOM, size), 'replayed');
    assert.equal(await bytesOf(queue), size);
  },

  'a request that dies of its last lease no longer counts as bytes': async ({ backend, passTime }) => {
    const { queue } = backend;
    await sizeOf(queue, 'a');
    const once = { ...TERMS, maxDeliveries: 1 };
    await queue.reserve(NAME, 1, SHORT_MS, once);
    await passTime(2 * SHORT_MS);
    assert.deepEqual(await queue.reserve(NAME, 1, LONG_MS, once), []);
    assert.equal(await bytesOf(queue), 0);
  },

  'clear leaves no bytes, and what was reserved before counts nothing off': async ({
    backend: { queue },
  }) => {
    const size = await sizeOf(queue, 'a');
    const { id } = await reserveOne(queue);
    await queue.clear(NAME);
    assert.equal(await bytesOf(queue), 0);
    await pushAll(queue, 'b');
    assert.deepEqual(await queue.acknowledge(NAME, [id]), [false]);
    assert.equal(await bytesOf(queue), size);
  },
};

/** Pushes the first request of an empty queue and returns its size there; a store may encrypt it. */
async function sizeOf(queue: QueueStore, request: string): Promise<number> {
  await pushAll(queue, request);
  return bytesOf(queue);
}

async function bytesOf(queue: QueueStore): Promise<number> {
  return (await queue.contents(NAME)).bytes;
}
