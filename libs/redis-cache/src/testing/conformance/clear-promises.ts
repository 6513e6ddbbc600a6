import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Backend, ClearCursor } from '../../core/backend/backend.js';
import {
  assertBytes,
  atOnce,
  entryOf,
  LONG_MS,
  ODD_NAMES,
  type Promises,
  pushAll,
  request,
  shiftOne,
} from './subject.js';

/** More entries than a page is likely to contain. */
const MANY = 1_500;
const LEASES = 5;
/** A clear that takes more pages than this counts as endless. */
const MAX_PAGES = 1_000;

/** The promises of `EntryStore.clearPage`. */
export const clearPromises: Promises = {
  'clearing page by page removes every entry': async ({ backend }) => {
    await fill(backend);
    for (const key of ODD_NAMES) await backend.entries.set(key, entryOf(key), LONG_MS);
    await clear(backend);
    assert.equal(await countEntries(backend), 0);
    for (const key of ODD_NAMES) assertBytes(await backend.entries.get(key), null);
  },

  'clearing revokes every lease, so that a computation under way can no longer store its value': async ({
    backend,
  }) => {
    const tokens = await hold(backend);
    await clear(backend);
    for (const [index, token] of tokens.entries()) {
      assert.equal(await backend.leases.complete(`held-${index}`, token, entryOf('late'), LONG_MS), false);
      assertBytes(await backend.entries.get(`held-${index}`), null);
    }
  },

  'no entry is removed before the last lease is revoked': async ({ backend }) => {
    await fill(backend);
    const tokens = await hold(backend);
    await clear(backend, async () => {
      if ((await countEntries(backend)) < MANY) assert.equal(await countHeld(backend, tokens), 0);
    });
  },

  'clearing keeps queues and tags': async ({ backend }) => {
    await pushAll(backend.queue, 'waits');
    const versions = await backend.tags.ensure(['tag'], LONG_MS);
    await backend.entries.set('key', entryOf('value'), LONG_MS);
    await clear(backend);
    assert.deepEqual([...(await backend.tags.read(['tag']))], [...versions]);
    assert.equal(await shiftOne(backend.queue), 'waits');
  },

  'clearing an empty store succeeds': async ({ backend }) => {
    await clear(backend);
  },

  'entries can be stored after clearing': async ({ backend }) => {
    await clear(backend);
    await backend.entries.set('key', entryOf('value'), LONG_MS);
    assertBytes(await backend.entries.get('key'), entryOf('value'));
  },

  'reading the keys page by page yields every key with the prefix, and no other': async ({ backend }) => {
    await fill(backend);
    for (const key of ODD_NAMES) await backend.entries.set(key, entryOf(key), LONG_MS);
    for (const key of ODD_NAMES) await backend.entries.set(`odd:${key}`, entryOf(key), LONG_MS);
    await hold(backend);
    assert.deepEqual(await keysFrom(backend, 'odd:'), ODD_NAMES.map((key) => `odd:${key}`).toSorted());
    assert.deepEqual(await keysFrom(backend, '*?[a]'), ['*?[a]\\']);
    assert.deepEqual(await keysFrom(backend, 'none:'), []);
    assert.equal((await keysFrom(backend, '')).length, MANY + 2 * ODD_NAMES.length);
  },
};

async function clear(backend: Backend, afterPage = async (): Promise<void> => {}): Promise<void> {
  let cursor: ClearCursor | null = null;
  for (let pages = 1; ; pages += 1) {
    cursor = await backend.entries.clearPage(cursor);
    await afterPage();
    if (cursor === null) return;
    assert.ok(pages < MAX_PAGES, `clearing has not ended after ${pages} pages`);
  }
}

async function fill(backend: Backend): Promise<void> {
  await atOnce(MANY, (index) => backend.entries.set(`entry-${index}`, Buffer.from('x'), LONG_MS));
}

async function countEntries(backend: Backend): Promise<number> {
  const found = await atOnce(MANY, (index) => backend.entries.get(`entry-${index}`));
  return found.filter((bytes) => bytes !== null).length;
}

async function hold(backend: Backend): Promise<string[]> {
  const tokens = Array.from({ length: LEASES }, () => randomUUID());
  await atOnce(LEASES, (index) =>
    backend.leases.acquire(`held-${index}`, tokens[index]!, LONG_MS, request()),
  );
  return tokens;
}

async function countHeld(backend: Backend, tokens: string[]): Promise<number> {
  const found = await atOnce(LEASES, (index) => backend.leases.peek(`held-${index}`, tokens[index]!, null));
  return found.filter(({ state }) => state === 'held').length;
}

async function keysFrom(backend: Backend, prefix: string): Promise<string[]> {
  const keys = new Set<string>();
  let cursor: ClearCursor | null = null;
  do {
    const page = await backend.entries.keyPage(prefix, cursor);
    for (const key of page.keys) keys.add(key);
    cursor = page.cursor;
  } while (cursor !== null);
  return [...keys].toSorted();
}
