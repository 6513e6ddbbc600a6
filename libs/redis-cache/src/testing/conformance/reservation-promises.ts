import assert from 'node:assert/strict';
import {
  atOnce,
  LONG_MS,
  ODD_NAMES,
  type Promises,
  pushAll,
  releaseSettings,
  reserveOne,
  ROOM,
  SHORT_MS,
  shiftOne,
  SOME_MS,
  TERMS,
} from './subject.js';

/** The promises of `QueueStore` about reservations. */
export const reservationPromises: Promises = {
  'reserve returns nothing from an empty queue': async ({ backend: { queue } }) => {
    assert.deepEqual(await queue.reserve('queue', 5, LONG_MS, TERMS), []);
    await pushAll(queue, 'request');
    await shiftOne(queue);
    assert.deepEqual(await queue.reserve('queue', 5, LONG_MS, TERMS), []);
  },

  'requests are reserved once each, in the order in which they were pushed': async ({
    backend: { queue },
  }) => {
    await pushAll(queue, 'a', 'b', 'c', 'd');
    const first = await reserveOne(queue);
    assert.equal(first.request, 'a');
    assert.equal(first.deliveries, 1);
    const rest = await queue.reserve('queue', 10, LONG_MS, TERMS);
    assert.deepEqual(
      rest.map(({ request, deliveries }) => [request, deliveries]),
      ['b', 'c', 'd'].map((request) => [request, 1]),
    );
    assert.deepEqual(await queue.reserve('queue', 10, LONG_MS, TERMS), []);
    assert.equal(await shiftOne(queue), null);
  },

  'concurrent calls reserve each request once': async ({ backend: { queue } }) => {
    await atOnce(50, (index) => queue.push('queue', [`request ${index}`], ROOM));
    const held = (await atOnce(20, () => queue.reserve('queue', 3, LONG_MS, TERMS))).flat();
    assert.equal(held.length, 50);
    assert.equal(new Set(held.map(({ request }) => request)).size, 50);
    assert.equal(new Set(held.map(({ id }) => id)).size, 50);
  },

  'an acknowledged request is removed': async ({ backend: { queue }, passTime }) => {
    await pushAll(queue, 'a', 'b', 'c');
    const held = await queue.reserve('queue', 3, SHORT_MS, TERMS);
    const ids = held.map(({ id }) => id);
    assert.deepEqual(await queue.acknowledge('queue', [ids[1]!, 'no id', ids[0]!, '1-1:1']), [
      true,
      false,
      true,
      false,
    ]);
    assert.deepEqual(await queue.acknowledge('queue', ids.slice(0, 2)), [false, false]);
    await passTime(2 * SHORT_MS);
    assert.equal(await shiftOne(queue), 'c');
    assert.equal(await shiftOne(queue), null);
    assert.deepEqual(await queue.acknowledge('queue', []), []);
  },

  'a request whose lease has expired is delivered again, before new requests': async ({
    backend: { queue },
    passTime,
  }) => {
    await pushAll(queue, 'first', 'second');
    await reserveOne(queue, SHORT_MS);
    await passTime(2 * SHORT_MS);
    const again = await reserveOne(queue);
    assert.equal(again.request, 'first');
    assert.equal(again.deliveries, 2);
    assert.equal((await reserveOne(queue)).request, 'second');
  },

  'each lease has its own duration': async ({ backend: { queue }, passTime }) => {
    await pushAll(queue, 'long', 'short', 'longer');
    await reserveOne(queue, LONG_MS);
    await reserveOne(queue, SHORT_MS);
    await reserveOne(queue, 2 * LONG_MS);
    await passTime(2 * SHORT_MS);
    assert.equal((await reserveOne(queue)).request, 'short');
    assert.deepEqual(await queue.reserve('queue', 9, LONG_MS, TERMS), []);
  },

  'an expired lease is found behind many that have not expired': async ({ backend: { queue }, passTime }) => {
    await queue.push(
      'queue',
      Array.from({ length: 300 }, (_, index) => String(index)),
      ROOM,
    );
    await queue.reserve('queue', 300, LONG_MS, TERMS);
    await pushAll(queue, 'last');
    await reserveOne(queue, SHORT_MS);
    // With many leases under way, a store may look for expired ones only at intervals.
    await passTime(2 * SHORT_MS + SOME_MS);
    assert.equal((await reserveOne(queue)).request, 'last');
  },

  'the id of an expired lease has no effect once the request is delivered again': async ({
    backend: { queue },
    passTime,
  }) => {
    await pushAll(queue, 'request');
    const stale = await reserveOne(queue, SHORT_MS);
    await passTime(2 * SHORT_MS);
    const { id } = await reserveOne(queue, LONG_MS);
    assert.deepEqual(await queue.acknowledge('queue', [stale.id]), [false]);
    assert.deepEqual(await queue.extend('queue', [stale.id], 1), [false]);
    assert.equal(await queue.release('queue', stale.id, releaseSettings()), 'lost');
    assert.equal(await queue.release('queue', stale.id, releaseSettings({ rejects: true })), 'lost');
    assert.deepEqual(await queue.reserve('queue', 1, LONG_MS, TERMS), []);
    assert.deepEqual(await queue.acknowledge('queue', [id]), [true]);
  },

  'the id of an expired lease stays valid until the request is delivered again': async ({
    backend: { queue },
    passTime,
  }) => {
    await pushAll(queue, 'request');
    const { id } = await reserveOne(queue, SHORT_MS);
    await passTime(2 * SHORT_MS);
    assert.deepEqual(await queue.extend('queue', [id], LONG_MS), [true]);
    assert.deepEqual(await queue.reserve('queue', 1, LONG_MS, TERMS), []);
    assert.deepEqual(await queue.acknowledge('queue', [id]), [true]);
  },

  'extend lengthens or shortens a lease': async ({ backend: { queue }, passTime }) => {
    await pushAll(queue, 'extended', 'shortened');
    const [extended, shortened] = await queue.reserve('queue', 2, SOME_MS, TERMS);
    assert.deepEqual(await queue.extend('queue', [extended!.id], LONG_MS), [true]);
    assert.deepEqual(await queue.extend('queue', [shortened!.id, 'no id'], SHORT_MS), [true, false]);
    await passTime(SOME_MS + SHORT_MS);
    assert.equal((await reserveOne(queue)).request, 'shortened');
    assert.deepEqual(await queue.reserve('queue', 1, LONG_MS, TERMS), []);
    assert.deepEqual(await queue.acknowledge('queue', [extended!.id]), [true]);
  },

  'a released request is delivered next, and its former id has no effect': async ({ backend: { queue } }) => {
    await pushAll(queue, 'first', 'second', 'third');
    const held = await queue.reserve('queue', 2, LONG_MS, TERMS);
    assert.equal(await queue.release('queue', held[1]!.id, releaseSettings()), 'released');
    assert.equal(await queue.release('queue', held[0]!.id, releaseSettings()), 'released');
    assert.deepEqual(
      await queue.acknowledge(
        'queue',
        held.map(({ id }) => id),
      ),
      [false, false],
    );
    assert.equal(await queue.release('queue', held[0]!.id, releaseSettings()), 'lost');
    const again = await queue.reserve('queue', 3, LONG_MS, TERMS);
    assert.deepEqual(
      again.map(({ request, deliveries }) => [request, deliveries]),
      [
        ['first', 2],
        ['second', 2],
        ['third', 1],
      ],
    );
  },

  'a release that does not count leaves the number of deliveries unchanged': async ({
    backend: { queue },
  }) => {
    await pushAll(queue, 'request');
    const ids = new Set<string>();
    for (let round = 0; round < 2 * TERMS.maxDeliveries; round += 1) {
      const { id, deliveries } = await reserveOne(queue);
      assert.equal(deliveries, 1);
      assert.equal(await queue.release('queue', id, releaseSettings({ counts: false })), 'released');
      ids.add(id);
    }
    assert.equal(ids.size, 2 * TERMS.maxDeliveries);
    const { id } = await reserveOne(queue);
    assert.equal(ids.has(id), false);
    assert.deepEqual(await queue.acknowledge('queue', [...ids, id]), [...[...ids].map(() => false), true]);
  },

  'a request released with a delay is delivered again after the delay': async ({
    backend: { queue },
    passTime,
  }) => {
    await pushAll(queue, 'delayed', 'other');
    const { id } = await reserveOne(queue);
    assert.equal(await queue.release('queue', id, releaseSettings({ delayMs: SOME_MS })), 'released');
    assert.deepEqual(await queue.acknowledge('queue', [id]), [false]);
    assert.equal((await reserveOne(queue)).request, 'other');
    assert.deepEqual(await queue.reserve('queue', 1, LONG_MS, TERMS), []);
    await passTime(SOME_MS + SHORT_MS);
    const again = await reserveOne(queue);
    assert.deepEqual([again.request, again.deliveries], ['delayed', 2]);
  },

  'shift returns released and expired requests before new ones, and never reserved ones': async ({
    backend: { queue },
    passTime,
  }) => {
    await pushAll(queue, 'held', 'expired', 'released', 'new');
    await reserveOne(queue, LONG_MS);
    await reserveOne(queue, SHORT_MS);
    const { id } = await reserveOne(queue, LONG_MS);
    await queue.release('queue', id, releaseSettings());
    await passTime(2 * SHORT_MS);
    assert.deepEqual((await queue.shift('queue', 2, TERMS)).toSorted(), ['expired', 'released']);
    assert.deepEqual(await queue.shift('queue', 2, TERMS), ['new']);
  },

  'reserved requests do not count as waiting; released and expired ones do': async ({
    backend: { queue },
    passTime,
  }) => {
    await pushAll(queue, 'a', 'b', 'c', 'd');
    const { id } = await reserveOne(queue, LONG_MS);
    await reserveOne(queue, SHORT_MS);
    assert.equal(await queue.length('queue'), 2);
    await queue.release('queue', id, releaseSettings());
    assert.equal(await queue.length('queue'), 3);
    await passTime(2 * SHORT_MS);
    assert.equal(await queue.length('queue'), 4);
    const { waiting, reserved, dead } = await queue.contents('queue');
    assert.deepEqual({ waiting, reserved, dead }, { waiting: 4, reserved: 0, dead: 0 });
  },

  'maxLength does not count reserved requests, but counts released ones': async ({ backend: { queue } }) => {
    assert.equal(await queue.push('queue', ['a', 'b'], 2), 2);
    const { id } = await reserveOne(queue);
    assert.equal(await queue.push('queue', ['c', 'd'], 2), 1);
    await queue.release('queue', id, releaseSettings());
    assert.equal(await queue.length('queue'), 3);
    assert.equal(await queue.push('queue', ['e'], 3), 0);
    assert.deepEqual(await queue.shift('queue', 9, TERMS), ['a', 'b', 'c']);
  },

  'contents returns the age of the oldest waiting request': async ({ backend: { queue }, passTime }) => {
    assert.equal((await queue.contents('queue')).oldestAgeMs, null);
    await pushAll(queue, 'old');
    await passTime(SOME_MS);
    await pushAll(queue, 'new');
    assert.ok((await queue.contents('queue')).oldestAgeMs! >= SOME_MS - SHORT_MS);
    const { id } = await reserveOne(queue);
    assert.ok((await queue.contents('queue')).oldestAgeMs! < SOME_MS - SHORT_MS);
    await queue.release('queue', id, releaseSettings());
    assert.ok((await queue.contents('queue')).oldestAgeMs! >= SOME_MS - SHORT_MS);
    await queue.shift('queue', 2, TERMS);
    assert.equal((await queue.contents('queue')).oldestAgeMs, null);
  },

  'clear removes reserved requests, and their ids have no effect': async ({ backend: { queue } }) => {
    await pushAll(queue, 'held', 'waits');
    const { id } = await reserveOne(queue);
    await queue.clear('queue');
    assert.deepEqual(await queue.acknowledge('queue', [id]), [false]);
    assert.equal(await queue.release('queue', id, releaseSettings()), 'lost');
    await pushAll(queue, 'new');
    assert.deepEqual(await queue.acknowledge('queue', [id]), [false]);
    assert.deepEqual(await queue.shift('queue', 5, TERMS), ['new']);
  },

  'reservations and dead letters of queues are independent': async ({ backend: { queue } }) => {
    for (const name of ODD_NAMES) await queue.push(name, [`in ${name}`], 1);
    for (const name of ODD_NAMES) {
      const held = await queue.reserve(name, 5, LONG_MS, TERMS);
      assert.deepEqual(
        held.map(({ request }) => request),
        [`in ${name}`],
      );
      assert.equal(await queue.release(name, held[0]!.id, releaseSettings({ rejects: true })), 'dead');
      assert.equal((await queue.listDeadLetters(name, 5)).length, 1, name);
    }
  },
};
