import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  assertBytes,
  assertState,
  atOnce,
  entryOf,
  failureOf,
  headerOf,
  LONG_MS,
  ODD_NAMES,
  type Promises,
  request,
  SHORT_MS,
  SOME_MS,
} from './subject.js';

const ACQUIRED = { state: 'acquired' };

/** The promises of `LeaseStore.acquire`, `renew` and `release`. */
export const leasePromises: Promises = {
  'the first caller acquires the lease, the next one learns its holder': async ({ backend: { leases } }) => {
    const [first, second] = [randomUUID(), randomUUID()];
    assertState(await leases.acquire('key', first, LONG_MS, request()), ACQUIRED);
    assertState(await leases.acquire('key', second, LONG_MS, request()), { state: 'held', holder: first });
    assertState(await leases.acquire('other', second, LONG_MS, request()), ACQUIRED);
  },

  'of many concurrent callers exactly one acquires the lease': async ({ backend: { leases } }) => {
    const tokens = Array.from({ length: 20 }, () => randomUUID());
    const attempts = await atOnce(20, (index) => leases.acquire('key', tokens[index]!, LONG_MS, request()));
    const winner = tokens[attempts.findIndex(({ state }) => state === 'acquired')]!;
    for (const [index, attempt] of attempts.entries()) {
      assertState(attempt, tokens[index] === winner ? ACQUIRED : { state: 'held', holder: winner });
    }
  },

  'a lease expires': async ({ backend: { leases }, passTime }) => {
    const [dead, next] = [randomUUID(), randomUUID()];
    await leases.acquire('key', dead, SHORT_MS, request());
    await passTime(2 * SHORT_MS);
    assertState(await leases.peek('key', dead, null), { state: 'gone' });
    assertState(await leases.acquire('key', next, LONG_MS, request()), ACQUIRED);
  },

  'operations of the former holder have no effect': async ({ backend: { leases, entries }, passTime }) => {
    const [frozen, next] = [randomUUID(), randomUUID()];
    await leases.acquire('key', frozen, SHORT_MS, request());
    await passTime(2 * SHORT_MS);
    await leases.acquire('key', next, LONG_MS, request());
    assert.equal(await leases.renew('key', frozen, LONG_MS), false);
    assert.equal(await leases.complete('key', frozen, entryOf('late'), LONG_MS), false);
    assert.equal(await leases.completeFailed('key', frozen, failureOf('late'), LONG_MS, null), false);
    assert.equal(await leases.fail('key', frozen, 'late', LONG_MS), false);
    assert.equal(await leases.share('key', frozen, 'late', LONG_MS), false);
    assert.equal(await leases.release('key', frozen), false);
    assertBytes(await entries.get('key'), null);
    assertState(await leases.peek('key', next, null), { state: 'held', holder: next });
  },

  'renew extends a lease': async ({ backend: { leases }, passTime }) => {
    const token = randomUUID();
    await leases.acquire('key', token, SOME_MS, request());
    assert.equal(await leases.renew('key', token, LONG_MS), true);
    await passTime(SOME_MS + SHORT_MS);
    assertState(await leases.peek('key', token, null), { state: 'held', holder: token });
  },

  'renew does not revive an expired lease': async ({ backend: { leases }, passTime }) => {
    const token = randomUUID();
    assert.equal(await leases.renew('key', token, LONG_MS), false);
    await leases.acquire('key', token, SHORT_MS, request());
    await passTime(2 * SHORT_MS);
    assert.equal(await leases.renew('key', token, LONG_MS), false);
    assertState(await leases.peek('key', token, null), { state: 'gone' });
  },

  'acquire returns a stored entry that the caller has not seen instead of the lease': async ({ backend }) => {
    const { leases, entries } = backend;
    const entry = entryOf('there');
    await entries.set('key', entry, LONG_MS);
    const found = { state: 'entry', bytes: entry };
    assertState(await leases.acquire('key', randomUUID(), LONG_MS, request()), found);
    const seen = headerOf(entryOf('another', 1));
    assertState(await leases.acquire('key', randomUUID(), LONG_MS, request({ seen })), found);
    assertState(await leases.peek('key', randomUUID(), null), found);
  },

  'a caller that has seen the stored entry acquires the lease': async ({ backend: { leases, entries } }) => {
    const entry = entryOf('there');
    await entries.set('key', entry, LONG_MS);
    const seen = request({ seen: headerOf(entry) });
    assertState(await leases.acquire('key', randomUUID(), LONG_MS, seen), ACQUIRED);
    assertState(await leases.acquire('gone since', randomUUID(), LONG_MS, seen), ACQUIRED);
  },

  'force acquires the lease, whatever is stored and whoever holds it': async ({ backend }) => {
    const { leases, entries } = backend;
    const [former, forced] = [randomUUID(), randomUUID()];
    await leases.acquire('key', former, LONG_MS, request());
    await entries.set('key', entryOf('there'), LONG_MS);
    assertState(await leases.acquire('key', forced, LONG_MS, request({ force: true })), ACQUIRED);
    assert.equal(await leases.complete('key', former, entryOf('former'), LONG_MS), false);
    assert.equal(await leases.complete('key', forced, entryOf('forced'), LONG_MS), true);
    assertBytes(await entries.get('key'), entryOf('forced'));
  },

  'after a failure only a caller without a stale value acquires the lease': async ({ backend }) => {
    const { leases } = backend;
    const token = randomUUID();
    await leases.acquire('key', token, LONG_MS, request());
    await leases.fail('key', token, 'why', LONG_MS);
    const withStale = request({ hasStale: true });
    assertState(await leases.acquire('key', randomUUID(), LONG_MS, withStale), {
      state: 'failed',
      failure: 'why',
    });
    assertState(await leases.acquire('key', randomUUID(), LONG_MS, request()), ACQUIRED);
  },

  'a stored failure expires': async ({ backend: { leases }, passTime }) => {
    const [failed, next] = [randomUUID(), randomUUID()];
    await leases.acquire('key', failed, LONG_MS, request());
    await leases.fail('key', failed, 'why', SHORT_MS);
    await passTime(2 * SHORT_MS);
    assertState(await leases.peek('key', failed, null), { state: 'gone' });
    assertState(await leases.acquire('key', next, LONG_MS, request({ hasStale: true })), ACQUIRED);
  },

  'release ends the lease without an outcome': async ({ backend: { leases } }) => {
    const [token, next] = [randomUUID(), randomUUID()];
    await leases.acquire('key', token, LONG_MS, request());
    assert.equal(await leases.release('key', next), false);
    assert.equal(await leases.release('key', token), true);
    assert.equal(await leases.release('key', token), false);
    assertState(await leases.peek('key', token, null), { state: 'gone' });
    assertState(await leases.acquire('key', next, LONG_MS, request({ hasStale: true })), ACQUIRED);
  },

  'keys are taken literally': async ({ backend: { leases } }) => {
    // On a Cluster, entry and lease of a key that begins with a closing brace are in different slots.
    for (const key of ODD_NAMES.filter((name) => !name.startsWith('}'))) {
      assertState(await leases.acquire(key, randomUUID(), LONG_MS, request()), ACQUIRED);
    }
  },
};
