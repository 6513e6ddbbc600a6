import assert from 'node:assert/strict';
import type { QueueStore } from '../../core/backend/queue-store.js';
import {
  LONG_MS,
  type Promises,
  pushAll,
  releaseSettings,
  reserveOne,
  SHORT_MS,
  shiftOne,
  TERMS,
} from './subject.js';

/** Makes each request a dead letter by rejecting it. */
async function kill(store: QueueStore, ...requests: string[]): Promise<void> {
  await pushAll(store, ...requests);
  for (const { id, request } of await store.reserve('queue', requests.length, LONG_MS, TERMS)) {
    const terms = releaseSettings({ rejects: true, reason: `why ${request}` });
    assert.equal(await store.release('queue', id, terms), 'dead');
  }
}

/** The promises of `QueueStore` about dead letters. */
export const deadLetterPromises: Promises = {
  'a request released too often becomes a dead letter, and the next request is delivered': async ({
    backend: { queue },
  }) => {
    await pushAll(queue, 'poison', 'behind');
    for (let delivery = 1; delivery < TERMS.maxDeliveries; delivery += 1) {
      const { id, deliveries } = await reserveOne(queue);
      assert.equal(deliveries, delivery);
      assert.equal(await queue.release('queue', id, releaseSettings()), 'released');
    }
    const { id, request } = await reserveOne(queue);
    assert.equal(request, 'poison');
    assert.equal(await queue.release('queue', id, releaseSettings({ reason: 'the last straw' })), 'dead');
    assert.equal((await reserveOne(queue)).request, 'behind');
    const [letter] = await queue.listDeadLetters('queue', 10);
    assert.equal(letter?.request, 'poison');
    assert.equal(letter.deliveries, TERMS.maxDeliveries);
    assert.equal(letter.reason, 'the last straw');
    assert.ok(letter.queuedAt <= letter.diedAt);
  },

  'a request whose leases expire too often becomes a dead letter': async ({
    backend: { queue },
    passTime,
  }) => {
    await pushAll(queue, 'poison', 'behind');
    for (let delivery = 1; delivery <= TERMS.maxDeliveries; delivery += 1) {
      assert.equal((await reserveOne(queue, SHORT_MS)).request, 'poison');
      await passTime(2 * SHORT_MS);
    }
    assert.equal((await reserveOne(queue)).request, 'behind');
    const letters = await queue.listDeadLetters('queue', 10);
    assert.deepEqual(
      letters.map(({ request, deliveries }) => [request, deliveries]),
      [['poison', TERMS.maxDeliveries]],
    );
    assert.notEqual(letters[0]!.reason, '');
  },

  'shift skips a request whose leases expired too often': async ({ backend: { queue }, passTime }) => {
    await pushAll(queue, 'poison', 'other', 'new');
    for (let delivery = 1; delivery <= TERMS.maxDeliveries; delivery += 1) {
      await queue.reserve('queue', 1, SHORT_MS, TERMS);
      await passTime(2 * SHORT_MS);
    }
    assert.equal(await shiftOne(queue), 'other');
    assert.equal((await queue.contents('queue')).dead, 1);
  },

  'many simultaneous dead letters do not delay other requests': async ({ backend: { queue }, passTime }) => {
    const poison = Array.from({ length: 20 }, (_, index) => `poison ${index}`);
    await pushAll(queue, ...poison);
    for (let delivery = 1; delivery <= TERMS.maxDeliveries; delivery += 1) {
      assert.equal((await queue.reserve('queue', 20, SHORT_MS, TERMS)).length, 20);
      await passTime(2 * SHORT_MS);
    }
    await pushAll(queue, 'new');
    assert.equal((await reserveOne(queue)).request, 'new');
  },

  'a rejected request becomes a dead letter at once': async ({ backend: { queue } }) => {
    await kill(queue, 'a');
    assert.equal(await shiftOne(queue), null);
    const [letter] = await queue.listDeadLetters('queue', 10);
    assert.deepEqual([letter?.request, letter?.deliveries, letter?.reason], ['a', 1, 'why a']);
  },

  'dead letters are listed oldest first, page by page': async ({ backend: { queue } }) => {
    await kill(queue, 'a', 'b', 'c');
    const first = await queue.listDeadLetters('queue', 2);
    const second = await queue.listDeadLetters('queue', 2, first[1]!.id);
    assert.deepEqual(
      [...first, ...second].map(({ request }) => request),
      ['a', 'b', 'c'],
    );
    assert.deepEqual(await queue.listDeadLetters('queue', 2, second[0]!.id), []);
  },

  'above maxDeadLetters the oldest dead letters are dropped': async ({ backend: { queue } }) => {
    await pushAll(queue, 'a', 'b', 'c');
    for (const { id } of await queue.reserve('queue', 3, LONG_MS, TERMS)) {
      await queue.release('queue', id, releaseSettings({ rejects: true, maxDeadLetters: 2 }));
    }
    const letters = await queue.listDeadLetters('queue', 10);
    assert.deepEqual(
      letters.map(({ request }) => request),
      ['b', 'c'],
    );
  },

  'a replayed dead letter becomes a new request at the end of the queue': async ({ backend: { queue } }) => {
    await kill(queue, 'a', 'b');
    await pushAll(queue, 'waits');
    const [letter] = await queue.listDeadLetters('queue', 1);
    assert.equal(await queue.replayDeadLetter('queue', letter!.id, 10), 'replayed');
    assert.equal(await queue.replayDeadLetter('queue', letter!.id, 10), 'unknown');
    assert.equal(await queue.replayDeadLetter('queue', 'no id', 10), 'unknown');
    assert.equal((await reserveOne(queue)).request, 'waits');
    const replayed = await reserveOne(queue);
    assert.deepEqual([replayed.request, replayed.deliveries], ['a', 1]);
    assert.equal((await queue.contents('queue')).dead, 1);
  },

  'a dead letter is not replayed into a full queue': async ({ backend: { queue } }) => {
    await kill(queue, 'a');
    await pushAll(queue, 'b');
    const [letter] = await queue.listDeadLetters('queue', 1);
    assert.equal(await queue.replayDeadLetter('queue', letter!.id, 1), 'full');
    await shiftOne(queue);
    assert.equal(await queue.replayDeadLetter('queue', letter!.id, 1), 'replayed');
  },

  'clear keeps dead letters; clearDeadLetters removes them and nothing else': async ({
    backend: { queue },
  }) => {
    await kill(queue, 'a');
    await pushAll(queue, 'b');
    await queue.clear('queue');
    assert.equal((await queue.contents('queue')).dead, 1);
    await pushAll(queue, 'c');
    await queue.clearDeadLetters('queue');
    assert.deepEqual(await queue.listDeadLetters('queue', 10), []);
    assert.equal(await shiftOne(queue), 'c');
    await queue.clearDeadLetters('queue');
  },
};
