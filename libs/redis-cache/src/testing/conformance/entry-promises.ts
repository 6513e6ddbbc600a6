import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  assertBytes,
  assertState,
  entryOf,
  failureOf,
  LONG_MS,
  ODD_NAMES,
  type Promises,
  request,
  SHORT_MS,
} from './subject.js';

const EVERY_BYTE = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
const MEGABYTE = Buffer.alloc(1024 * 1024, EVERY_BYTE);

/** The promises of `EntryStore`. */
export const entryPromises: Promises = {
  'get returns null for a key that was never stored': async ({ backend }) => {
    assertBytes(await backend.entries.get('nothing'), null);
  },

  'get returns exactly the bytes that were set': async ({ backend }) => {
    for (const bytes of [EVERY_BYTE, Buffer.from('{"plain":"JSON"}'), Buffer.from([0]), entryOf('value')]) {
      await backend.entries.set('key', bytes, LONG_MS);
      assertBytes(await backend.entries.get('key'), bytes);
    }
  },

  'get returns a megabyte unchanged': async ({ backend }) => {
    await backend.entries.set('key', MEGABYTE, LONG_MS);
    assert.ok((await backend.entries.get('key'))?.equals(MEGABYTE));
  },

  'keys are taken literally': async ({ backend }) => {
    for (const key of ODD_NAMES) await backend.entries.set(key, Buffer.from(`of ${key}`), LONG_MS);
    for (const key of ODD_NAMES) {
      assertBytes(await backend.entries.get(key), Buffer.from(`of ${key}`));
      assertBytes(await backend.entries.get(`${key}}`), null);
    }
  },

  'set replaces the bytes and their TTL': async ({ backend, passTime }) => {
    await backend.entries.set('longer', Buffer.from('old'), SHORT_MS);
    await backend.entries.set('longer', Buffer.from('new'), LONG_MS);
    await backend.entries.set('shorter', Buffer.from('old'), LONG_MS);
    await backend.entries.set('shorter', Buffer.from('new'), SHORT_MS);
    await passTime(2 * SHORT_MS);
    assertBytes(await backend.entries.get('longer'), Buffer.from('new'));
    assertBytes(await backend.entries.get('shorter'), null);
  },

  'an entry expires after its TTL': async ({ backend, passTime }) => {
    await backend.entries.set('short', Buffer.from('short'), SHORT_MS);
    await backend.entries.set('long', Buffer.from('long'), LONG_MS);
    await passTime(2 * SHORT_MS);
    assertBytes(await backend.entries.get('short'), null);
    assertBytes(await backend.entries.get('long'), Buffer.from('long'));
  },

  'setUnlessYounger stores unless there is a younger entry': async ({ backend }) => {
    for (const [what, there] of [
      ['nothing', null],
      ['an older entry', entryOf('there', 1_000)],
      ['an entry of the same age', entryOf('there', 2_000)],
      ['plain JSON of another program', Buffer.from('{"there":true}')],
    ] as const) {
      if (there) await backend.entries.set('key', there, LONG_MS);
      const entry = entryOf('new', 2_000);
      assert.equal(await backend.entries.setUnlessYounger('key', entry, LONG_MS), true, what);
      assertBytes(await backend.entries.get('key'), entry, what);
      await backend.entries.delete(['key']);
    }
  },

  'setUnlessYounger keeps a younger entry, whichever byte of the creation time differs': async ({
    backend,
  }) => {
    for (const [older, younger] of [
      [1_000, 1_001],
      [255, 256],
      [2 ** 40 - 1, 2 ** 40],
    ] as const) {
      const there = entryOf('there', younger);
      await backend.entries.set('key', there, LONG_MS);
      assert.equal(await backend.entries.setUnlessYounger('key', entryOf('late', older), LONG_MS), false);
      assertBytes(await backend.entries.get('key'), there);
    }
  },

  'setUnlessYounger replaces a failure, however young': async ({ backend }) => {
    await backend.entries.set('key', failureOf('no luck', 2_000), LONG_MS);
    assert.equal(await backend.entries.setUnlessYounger('key', entryOf('late', 1_000), LONG_MS), true);
    assertBytes(await backend.entries.get('key'), entryOf('late', 1_000));
  },

  'setUnlessYounger applies the TTL': async ({ backend, passTime }) => {
    await backend.entries.setUnlessYounger('short', entryOf('value'), SHORT_MS);
    await backend.entries.setUnlessYounger('long', entryOf('value'), LONG_MS);
    await passTime(2 * SHORT_MS);
    assertBytes(await backend.entries.get('short'), null);
    assertBytes(await backend.entries.get('long'), entryOf('value'));
  },

  'delete removes the named entries and no others': async ({ backend }) => {
    for (const key of ['one', 'two', 'three']) await backend.entries.set(key, entryOf(key), LONG_MS);
    await backend.entries.delete(['one', 'never stored', 'three']);
    assertBytes(await backend.entries.get('one'), null);
    assertBytes(await backend.entries.get('two'), entryOf('two'));
    assertBytes(await backend.entries.get('three'), null);
  },

  'delete revokes the leases of the named entries and no others': async ({ backend }) => {
    const [lost, kept] = [randomUUID(), randomUUID()];
    await backend.leases.acquire('one', lost, LONG_MS, request());
    await backend.leases.acquire('two', kept, LONG_MS, request());
    await backend.entries.delete(['one']);
    assert.equal(await backend.leases.complete('one', lost, entryOf('late'), LONG_MS), false);
    assertBytes(await backend.entries.get('one'), null);
    assertState(await backend.leases.peek('two', kept, null), { state: 'held', holder: kept });
  },

  'discard removes an entry that still has the given bytes': async ({ backend }) => {
    await backend.entries.set('key', EVERY_BYTE, LONG_MS);
    assert.equal(await backend.entries.discard('key', EVERY_BYTE), 1);
    assertBytes(await backend.entries.get('key'), null);
    assert.equal(await backend.entries.discard('key', EVERY_BYTE), 0);
  },

  'discard keeps an entry that has been replaced': async ({ backend }) => {
    await backend.entries.set('key', Buffer.from('new'), LONG_MS);
    assert.equal(await backend.entries.discard('key', Buffer.from('old')), 0);
    assert.equal(await backend.entries.discard('key', Buffer.from('ne')), 0);
    assertBytes(await backend.entries.get('key'), Buffer.from('new'));
  },

  'discard compares large entries by their beginning and their length at least': async ({ backend }) => {
    const large = Buffer.alloc(1_000_000, 'x');
    await backend.entries.set('key', large, LONG_MS);
    assert.equal(await backend.entries.discard('key', large.subarray(1)), 0);
    assert.equal(
      await backend.entries.discard('key', Buffer.concat([Buffer.from('y'), large.subarray(1)])),
      0,
    );
    assertBytes(await backend.entries.get('key'), large);
    assert.equal(await backend.entries.discard('key', large), 1);
    assertBytes(await backend.entries.get('key'), null);
  },

  'discardForeign removes nothing if the key holds an entry or does not exist': async ({ backend }) => {
    await backend.entries.set('key', entryOf('value'), LONG_MS);
    assert.equal(await backend.entries.discardForeign('key'), 0);
    assert.equal(await backend.entries.discardForeign('nothing'), 0);
    assertBytes(await backend.entries.get('key'), entryOf('value'));
  },
};
