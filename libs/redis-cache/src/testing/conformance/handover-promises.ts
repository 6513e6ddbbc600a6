import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { LeaseStore } from '../../core/backend/backend.js';
import {
  assertBytes,
  assertState,
  atOnce,
  entryOf,
  LONG_MS,
  type Promises,
  request,
  SHORT_MS,
  SOME_MS,
} from './subject.js';

/** The promises of `LeaseStore` about computations that another process continues: `adopt` and `put`. */
export const handoverPromises: Promises = {
  'adopt joins the lease of the computation that it continues': async ({ backend: { leases } }) => {
    const [token, next] = [randomUUID(), randomUUID()];
    await leases.acquire('key', token, LONG_MS, request());
    assert.equal(await leases.adopt('key', token, next, LONG_MS), 'adopted');
    assertState(await leases.peek('key', next, null), { state: 'held', holder: token });
    assert.equal(await leases.put('key', next, entryOf('next'), LONG_MS), false);
    assert.equal(await leases.release('key', token), true);
  },

  'adopt renews the lease that it joins': async ({ backend: { leases }, passTime }) => {
    const token = randomUUID();
    await leases.acquire('key', token, SOME_MS, request());
    await leases.adopt('key', token, randomUUID(), LONG_MS);
    await passTime(SOME_MS + SHORT_MS);
    assertState(await leases.peek('key', token, null), { state: 'held', holder: token });
  },

  'adopt acquires a free lease for the given time': async ({ backend: { leases }, passTime }) => {
    for (const token of [null, randomUUID()]) {
      const [key, next] = [`after ${token}`, randomUUID()];
      assert.equal(await leases.adopt(key, token, next, SHORT_MS), 'taken');
      await passTime(2 * SHORT_MS);
      assertState(await leases.peek(key, next, null), { state: 'gone' });
      assert.equal(await leases.adopt(key, token, next, LONG_MS), 'taken');
      assertState(await leases.peek(key, next, null), { state: 'held', holder: next });
    }
  },

  'of many concurrent adoptions of an ended computation exactly one acquires the lease': async ({
    backend: { leases },
  }) => {
    const [token, tokens] = [randomUUID(), Array.from({ length: 20 }, () => randomUUID())];
    const adoptions = await atOnce(20, (index) => leases.adopt('key', token, tokens[index]!, LONG_MS));
    assert.equal(adoptions.filter((adoption) => adoption === 'taken').length, 1);
    assert.equal(adoptions.filter((adoption) => adoption === 'held').length, 19);
  },

  'adopt does not change the lease of another computation': async ({ backend: { leases }, passTime }) => {
    const [token, other] = [randomUUID(), randomUUID()];
    await leases.acquire('key', other, SHORT_MS, request());
    await passTime(2 * SHORT_MS);
    await leases.acquire('key', token, SOME_MS, request());
    assert.equal(await leases.adopt('key', other, randomUUID(), LONG_MS), 'held');
    assert.equal(await leases.adopt('key', null, randomUUID(), LONG_MS), 'held');
    assertState(await leases.peek('key', token, null), { state: 'held', holder: token });
    await passTime(SOME_MS + SHORT_MS);
    assertState(await leases.peek('key', token, null), { state: 'gone' });
  },

  'adopt acquires the lease although an outcome or an entry is stored': async ({ backend }) => {
    const { leases, entries } = backend;
    for (const leave of ['fail', 'share'] as const) {
      const [token, next] = [randomUUID(), randomUUID()];
      await leases.acquire(leave, token, LONG_MS, request());
      await leases[leave](leave, token, '"left"', LONG_MS);
      await entries.set(leave, entryOf('there'), LONG_MS);
      assert.equal(await leases.adopt(leave, token, next, LONG_MS), 'taken');
      assertBytes(await entries.get(leave), entryOf('there'));
    }
  },

  'put stores the entry with its TTL and keeps the lease': async ({ backend, passTime }) => {
    const { leases, entries } = backend;
    for (const [key, ttlMs] of Object.entries({ short: SHORT_MS, long: LONG_MS })) {
      const token = await begun(leases, key);
      assert.equal(await leases.put(key, token, entryOf(key), ttlMs), true);
      await passTime(2 * SHORT_MS);
      assertBytes(await entries.get(key), ttlMs === LONG_MS ? entryOf(key) : null);
      assert.equal(await leases.complete(key, token, entryOf('end'), LONG_MS), true);
      assertBytes(await entries.get(key), entryOf('end'));
    }
  },

  'waiters receive the entry that was put while the lease continues': async ({ backend: { leases } }) => {
    const token = await begun(leases, 'key');
    await leases.put('key', token, entryOf('put'), LONG_MS);
    assertState(await leases.peek('key', token, null), { state: 'entry', bytes: entryOf('put') });
    const attempt = await leases.acquire('key', randomUUID(), LONG_MS, request());
    assertState(attempt, { state: 'held', holder: token });
  },

  'put stores nothing without the lease': async ({ backend: { leases, entries } }) => {
    const token = await begun(leases, 'key');
    assert.equal(await leases.put('other', token, entryOf('none'), LONG_MS), false);
    assert.equal(await leases.put('key', randomUUID(), entryOf('none'), LONG_MS), false);
    await entries.delete(['key']);
    assert.equal(await leases.put('key', token, entryOf('late'), LONG_MS), false);
    assertBytes(await entries.get('key'), null);
    assertBytes(await entries.get('other'), null);
  },
};

async function begun(leases: LeaseStore, key: string): Promise<string> {
  const token = randomUUID();
  await leases.acquire(key, token, LONG_MS, request());
  return token;
}
