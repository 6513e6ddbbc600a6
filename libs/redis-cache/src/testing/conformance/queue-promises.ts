import assert from 'node:assert/strict';
import { atOnce, ODD_NAMES, type Promises } from './subject.js';

const ROOM = 10_000;
const MANY = 200;

/** What `QueueStore` promises. */
export const queuePromises: Promises = {
  'an empty queue has nothing': async ({ backend: { queue } }) => {
    assert.equal(await queue.shift('queue'), null);
    assert.equal(await queue.length('queue'), 0);
  },

  'requests leave in the order in which they came': async ({ backend: { queue } }) => {
    const requests = Array.from({ length: MANY }, (_, index) => `request ${index}`);
    for (const request of requests) assert.equal(await queue.push('queue', request, ROOM), true);
    for (const request of requests) assert.equal(await queue.shift('queue'), request);
    assert.equal(await queue.shift('queue'), null);
  },

  'the order holds while some come and some go': async ({ backend: { queue } }) => {
    const taken: (string | null)[] = [];
    for (let index = 0; index < MANY; index += 1) {
      await queue.push('queue', `request ${index}`, ROOM);
      if (index % 3 === 2) taken.push(await queue.shift('queue'));
    }
    while (taken.length < MANY) taken.push(await queue.shift('queue'));
    assert.deepEqual(
      taken,
      Array.from({ length: MANY }, (_, index) => `request ${index}`),
    );
  },

  'a request comes back as it was': async ({ backend: { queue } }) => {
    for (const request of ['{"prompt":"Grüße 👋"}', '"\\u0000\\r\\n"', '\0', ' ', 'x'.repeat(100_000)]) {
      await queue.push('queue', request, ROOM);
      assert.equal(await queue.shift('queue'), request);
    }
  },

  'length counts what waits': async ({ backend: { queue } }) => {
    for (const length of [1, 2, 3]) {
      await queue.push('queue', 'request', ROOM);
      assert.equal(await queue.length('queue'), length);
    }
    await queue.shift('queue');
    assert.equal(await queue.length('queue'), 2);
  },

  'push answers false and does nothing once maxLength requests wait': async ({ backend: { queue } }) => {
    assert.equal(await queue.push('queue', 'first', 2), true);
    assert.equal(await queue.push('queue', 'second', 2), true);
    assert.equal(await queue.push('queue', 'third', 2), false);
    assert.equal(await queue.length('queue'), 2);
    await queue.shift('queue');
    assert.equal(await queue.push('queue', 'fourth', 2), true);
    assert.deepEqual([await queue.shift('queue'), await queue.shift('queue')], ['second', 'fourth']);
  },

  'maxLength holds when many push at the same time': async ({ backend: { queue } }) => {
    const pushed = await atOnce(20, (index) => queue.push('queue', `request ${index}`, 8));
    assert.equal(pushed.filter(Boolean).length, 8);
    assert.equal(await queue.length('queue'), 8);
  },

  'a request is handed out once, however many ask at the same time': async ({ backend: { queue } }) => {
    await atOnce(MANY, (index) => queue.push('queue', `request ${index}`, ROOM));
    const taken = await atOnce(MANY + 10, () => queue.shift('queue'));
    const requests = taken.filter((request) => request !== null);
    assert.equal(requests.length, MANY);
    assert.equal(new Set(requests).size, MANY);
  },

  'clear removes what waits, and more may come': async ({ backend: { queue } }) => {
    await queue.push('queue', 'gone', ROOM);
    await queue.clear('queue');
    assert.equal(await queue.length('queue'), 0);
    assert.equal(await queue.shift('queue'), null);
    await queue.push('queue', 'new', ROOM);
    assert.equal(await queue.shift('queue'), 'new');
    await queue.clear('never used');
  },

  'queues are apart, and their names are taken literally': async ({ backend: { queue } }) => {
    for (const name of ODD_NAMES) await queue.push(name, `in ${name}`, 1);
    await queue.clear(ODD_NAMES[0]!);
    assert.equal(await queue.length(ODD_NAMES[0]!), 0);
    for (const name of ODD_NAMES.slice(1)) {
      assert.equal(await queue.length(name), 1, name);
      assert.equal(await queue.shift(name), `in ${name}`);
    }
  },
};
