import assert from 'node:assert/strict';
import {
  atOnce,
  LONG_MS,
  ODD_NAMES,
  type Promises,
  pushAll,
  releaseSettings,
  ROOM,
  shiftOne,
  TERMS,
} from './subject.js';

const MANY = 200;

/** The promises of `QueueStore` about `push`, `shift`, `length` and `clear`. */
export const queuePromises: Promises = {
  'an empty queue returns no request and has length 0': async ({ backend: { queue } }) => {
    assert.equal(await shiftOne(queue), null);
    assert.equal(await queue.length('queue'), 0);
  },

  'requests are returned in the order in which they were pushed': async ({ backend: { queue } }) => {
    const requests = Array.from({ length: MANY }, (_, index) => `request ${index}`);
    for (const request of requests) assert.equal(await queue.push('queue', [request], ROOM), 1);
    for (const request of requests) assert.equal(await shiftOne(queue), request);
    assert.equal(await shiftOne(queue), null);
  },

  'the order is kept when pushes and shifts alternate': async ({ backend: { queue } }) => {
    const taken: (string | null)[] = [];
    for (let index = 0; index < MANY; index += 1) {
      await pushAll(queue, `request ${index}`);
      if (index % 3 === 2) taken.push(await shiftOne(queue));
    }
    while (taken.length < MANY) taken.push(await shiftOne(queue));
    assert.deepEqual(
      taken,
      Array.from({ length: MANY }, (_, index) => `request ${index}`),
    );
  },

  'a request is returned unchanged': async ({ backend: { queue } }) => {
    for (const request of ['{"prompt":"Grüße 👋"}', '"\\u0000\\r\\n"', '\0', ' ', 'x'.repeat(100_000)]) {
      await pushAll(queue, request);
      assert.equal(await shiftOne(queue), request);
    }
  },

  'length counts waiting requests': async ({ backend: { queue } }) => {
    for (const length of [1, 2, 3]) {
      await pushAll(queue, 'request');
      assert.equal(await queue.length('queue'), length);
    }
    await shiftOne(queue);
    assert.equal(await queue.length('queue'), 2);
  },

  'push appends nothing and returns 0 once maxLength requests wait': async ({ backend: { queue } }) => {
    assert.equal(await queue.push('queue', ['first'], 2), 1);
    assert.equal(await queue.push('queue', ['second'], 2), 1);
    assert.equal(await queue.push('queue', ['third'], 2), 0);
    assert.equal(await queue.length('queue'), 2);
    await shiftOne(queue);
    assert.equal(await queue.push('queue', ['fourth'], 2), 1);
    assert.deepEqual([await shiftOne(queue), await shiftOne(queue)], ['second', 'fourth']);
  },

  'concurrent pushes do not exceed maxLength': async ({ backend: { queue } }) => {
    const pushed = await atOnce(20, (index) => queue.push('queue', [`request ${index}`], 8));
    assert.equal(pushed.filter((count) => count === 1).length, 8);
    assert.equal(await queue.length('queue'), 8);
  },

  'push of several requests appends the first ones until maxLength wait': async ({ backend: { queue } }) => {
    assert.equal(await queue.push('queue', ['a', 'b'], 5), 2);
    assert.equal(await queue.push('queue', ['c', 'd', 'e', 'f', 'g'], 5), 3);
    assert.equal(await queue.push('queue', ['h'], 5), 0);
    assert.deepEqual(await queue.shift('queue', 10, TERMS), ['a', 'b', 'c', 'd', 'e']);
    assert.equal(await queue.push('queue', [], 5), 0);
  },

  'push of several requests appends the first ones even if a concurrent shift makes room': async ({
    backend: { queue },
  }) => {
    const requests = Array.from({ length: 1_234 }, (_, index) => `request ${index}`);
    const taking = queue.shift('queue', 300, TERMS);
    const pushed = await queue.push('queue', requests, 700);
    const all = [...(await taking), ...(await queue.shift('queue', 2_000, TERMS))];
    assert.deepEqual(all, requests.slice(0, pushed));
  },

  'shift returns at most the given number of requests, in order': async ({ backend: { queue } }) => {
    await queue.push('queue', ['a', 'b', 'c', 'd', 'e'], ROOM);
    assert.deepEqual(await queue.shift('queue', 2, TERMS), ['a', 'b']);
    assert.deepEqual(await queue.shift('queue', 2, TERMS), ['c', 'd']);
    assert.deepEqual(await queue.shift('queue', 2, TERMS), ['e']);
    assert.deepEqual(await queue.shift('queue', 2, TERMS), []);
  },

  'a very large push keeps its order': async ({ backend: { queue } }) => {
    const requests = Array.from({ length: 1_234 }, (_, index) => `request ${index}`);
    assert.equal(await queue.push('queue', requests, ROOM), requests.length);
    assert.deepEqual(await queue.shift('queue', 2_000, TERMS), requests);
  },

  'concurrent shifts return each request once': async ({ backend: { queue } }) => {
    await atOnce(MANY, (index) => queue.push('queue', [`request ${index}`], ROOM));
    const taken = await atOnce(MANY + 10, () => shiftOne(queue));
    const requests = taken.filter((request) => request !== null);
    assert.equal(requests.length, MANY);
    assert.equal(new Set(requests).size, MANY);
  },

  'clear removes waiting requests, and the queue can be used again': async ({ backend: { queue } }) => {
    await pushAll(queue, 'gone');
    await queue.clear('queue');
    assert.equal(await queue.length('queue'), 0);
    assert.equal(await shiftOne(queue), null);
    await pushAll(queue, 'new');
    assert.equal(await shiftOne(queue), 'new');
    await queue.clear('never used');
  },

  'inUse returns the queues that hold requests, waiting, reserved or delayed': async ({
    backend: { queue },
  }) => {
    for (const name of ODD_NAMES) await queue.push(name, ['request'], 1);
    const [emptied, cleared, reserved, delayed, ...waiting] = ODD_NAMES as [string, string, string, string];
    await shiftOne(queue, emptied);
    await queue.clear(cleared);
    await queue.reserve(reserved, 1, LONG_MS, TERMS);
    const [delivery] = await queue.reserve(delayed, 1, LONG_MS, TERMS);
    await queue.release(delayed, delivery!.id, releaseSettings({ delayMs: LONG_MS }));
    const expected = [reserved, delayed, ...waiting];
    assert.deepEqual(await queue.inUse([...ODD_NAMES, 'never used']), expected);
    const names = Array.from({ length: 1_100 }, (_, index) => `empty ${index}`);
    assert.deepEqual(await queue.inUse([...names, reserved]), [reserved]);
    assert.deepEqual(await queue.inUse([]), []);
  },

  'queues are independent, and their names are taken literally': async ({ backend: { queue } }) => {
    for (const name of ODD_NAMES) await queue.push(name, [`in ${name}`], 1);
    await queue.clear(ODD_NAMES[0]!);
    assert.equal(await queue.length(ODD_NAMES[0]!), 0);
    for (const name of ODD_NAMES.slice(1)) {
      assert.equal(await queue.length(name), 1, name);
      assert.equal(await shiftOne(queue, name), `in ${name}`);
    }
  },
};
