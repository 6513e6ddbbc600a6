import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { LeaseStore } from '../../core/backend/backend.js';
import {
  assertBytes,
  assertState,
  entryOf,
  failureOf,
  headerOf,
  LONG_MS,
  type Promises,
  request,
  SHORT_MS,
} from './subject.js';

/** Texts that must be returned unchanged. */
const TEXTS = ['{"message":"Grüße 👋","code":"E"}', '', '\0\r\n', 'x'.repeat(100_000)];

/** The promises of `LeaseStore` about the end of a computation and the outcome that waiters receive. */
export const outcomePromises: Promises = {
  'complete stores the entry and ends the lease': async ({ backend: { leases, entries } }) => {
    const [token, next] = [randomUUID(), randomUUID()];
    const entry = entryOf('computed');
    await leases.acquire('key', token, LONG_MS, request());
    assert.equal(await leases.complete('key', token, entry, LONG_MS), true);
    assertBytes(await entries.get('key'), entry);
    assertState(await leases.peek('key', token, null), { state: 'entry', bytes: entry });
    assertState(await leases.peek('key', token, headerOf(entry)), { state: 'gone' });
    const attempt = await leases.acquire('key', next, LONG_MS, request({ seen: headerOf(entry) }));
    assertState(attempt, { state: 'acquired' });
  },

  'complete replaces the previous entry': async ({ backend: { leases, entries } }) => {
    const [token, former, entry] = [randomUUID(), entryOf('former', 1), entryOf('computed', 2)];
    await entries.set('key', former, LONG_MS);
    await leases.acquire('key', token, LONG_MS, request({ seen: headerOf(former) }));
    assert.equal(await leases.complete('key', token, entry, LONG_MS), true);
    assertBytes(await entries.get('key'), entry);
  },

  'completeFailed stores the failure unless there is an unseen entry, and ends the lease': async ({
    backend: { leases, entries },
  }) => {
    for (const there of [null, entryOf('former', 1)]) {
      const [token, failure, seen] = [randomUUID(), failureOf('no luck'), there && headerOf(there)];
      await entries.delete(['key']);
      if (there) await entries.set('key', there, LONG_MS);
      await leases.acquire('key', token, LONG_MS, request({ seen }));
      assert.equal(await leases.completeFailed('key', token, failure, LONG_MS, seen), true);
      assertBytes(await entries.get('key'), failure);
      assertState(await leases.peek('key', token, headerOf(failure)), { state: 'gone' });
    }
  },

  'completeFailed keeps a value that was stored meanwhile, and ends the lease': async ({ backend }) => {
    const { leases, entries } = backend;
    for (const there of [null, entryOf('former', 1)]) {
      const [token, seen] = [randomUUID(), there && headerOf(there)];
      await entries.delete(['key']);
      if (there) await entries.set('key', there, LONG_MS);
      await leases.acquire('key', token, LONG_MS, request({ seen }));
      await leases.put('key', token, entryOf('paid'), LONG_MS);
      assert.equal(await leases.completeFailed('key', token, failureOf('no luck'), LONG_MS, seen), true);
      assertBytes(await entries.get('key'), entryOf('paid'));
      assertState(await leases.peek('key', token, headerOf(entryOf('paid'))), { state: 'gone' });
    }
  },

  'completeFailed applies the TTL': async ({ backend: { leases, entries }, passTime }) => {
    for (const [key, ttlMs] of Object.entries({ short: SHORT_MS, long: LONG_MS })) {
      const token = randomUUID();
      await leases.acquire(key, token, LONG_MS, request());
      await leases.completeFailed(key, token, failureOf(key), ttlMs, null);
    }
    await passTime(2 * SHORT_MS);
    assertBytes(await entries.get('short'), null);
    assertBytes(await entries.get('long'), failureOf('long'));
  },

  'complete applies the TTL': async ({ backend: { leases, entries }, passTime }) => {
    for (const [key, ttlMs] of [
      ['short', SHORT_MS],
      ['long', LONG_MS],
    ] as const) {
      const token = randomUUID();
      await leases.acquire(key, token, LONG_MS, request());
      await leases.complete(key, token, entryOf(key), ttlMs);
    }
    await passTime(2 * SHORT_MS);
    assertBytes(await entries.get('short'), null);
    assertBytes(await entries.get('long'), entryOf('long'));
  },

  'complete, fail and share store nothing without the lease': async ({ backend: { leases, entries } }) => {
    const token = randomUUID();
    assert.equal(await leases.complete('key', token, entryOf('late'), LONG_MS), false);
    assert.equal(await leases.fail('key', token, 'late', LONG_MS), false);
    assert.equal(await leases.share('key', token, 'late', LONG_MS), false);
    assertBytes(await entries.get('key'), null);
    assertState(await leases.peek('key', token, null), { state: 'gone' });
  },

  'a computation ends once': async ({ backend: { leases, entries } }) => {
    const token = randomUUID();
    await leases.acquire('key', token, LONG_MS, request());
    assert.equal(await leases.fail('key', token, 'first', LONG_MS), true);
    assert.equal(await leases.complete('key', token, entryOf('late'), LONG_MS), false);
    assert.equal(await leases.share('key', token, 'late', LONG_MS), false);
    assert.equal(await leases.renew('key', token, LONG_MS), false);
    assertBytes(await entries.get('key'), null);
    assertState(await leases.peek('key', token, null), { state: 'failed', failure: 'first' });
  },

  'peek returns the current lease holder': async ({ backend: { leases } }) => {
    const [first, second] = [randomUUID(), randomUUID()];
    await leases.acquire('key', first, LONG_MS, request());
    assertState(await leases.peek('key', first, null), { state: 'held', holder: first });
    await leases.acquire('key', second, LONG_MS, request({ force: true }));
    assertState(await leases.peek('key', first, null), { state: 'held', holder: second });
  },

  'waiters receive the failure unchanged': async ({ backend: { leases } }) => {
    for (const failure of TEXTS) {
      const token = await ended(leases, (holder) => leases.fail('key', holder, failure, LONG_MS));
      assertState(await leases.peek('key', token, null), { state: 'failed', failure });
    }
  },

  'waiters receive a shared value unchanged, and it is not stored as an entry': async ({ backend }) => {
    const { leases, entries } = backend;
    for (const json of TEXTS) {
      const token = await ended(leases, (holder) => leases.share('key', holder, json, LONG_MS));
      assertState(await leases.peek('key', token, null), { state: 'value', json });
    }
    assertBytes(await entries.get('key'), null);
  },

  'a shared value is returned only to waiters of its computation': async ({ backend: { leases } }) => {
    await ended(leases, (holder) => leases.share('key', holder, '"value"', LONG_MS));
    assertState(await leases.peek('key', randomUUID(), null), { state: 'gone' });
    const attempt = await leases.acquire('key', randomUUID(), LONG_MS, request({ hasStale: true }));
    assertState(attempt, { state: 'acquired' });
  },

  'a failure is returned only to waiters of its computation': async ({ backend: { leases } }) => {
    await ended(leases, (holder) => leases.fail('key', holder, 'why', LONG_MS));
    assertState(await leases.peek('key', randomUUID(), null), { state: 'gone' });
  },

  'a shared value expires': async ({ backend: { leases }, passTime }) => {
    const token = await ended(leases, (holder) => leases.share('key', holder, '"value"', SHORT_MS));
    await passTime(2 * SHORT_MS);
    assertState(await leases.peek('key', token, null), { state: 'gone' });
  },

  'waiters receive an entry that another writer stored, but not one that they have seen': async ({
    backend,
  }) => {
    const { leases, entries } = backend;
    const [token, former, written] = [randomUUID(), entryOf('former', 1), entryOf('written', 2)];
    await entries.set('key', former, LONG_MS);
    const seen = headerOf(former);
    await leases.acquire('key', token, LONG_MS, request({ seen }));
    assertState(await leases.peek('key', token, seen), { state: 'held', holder: token });
    await entries.set('key', written, LONG_MS);
    assertState(await leases.peek('key', token, seen), { state: 'entry', bytes: written });
  },
};

/** Starts a computation, ends it with `end`, and returns its token. */
async function ended(leases: LeaseStore, end: (token: string) => Promise<boolean>): Promise<string> {
  const token = randomUUID();
  await leases.acquire('key', token, LONG_MS, request());
  assert.equal(await end(token), true);
  return token;
}
