import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Backend, CacheEvent } from '../../core/backend/backend.js';
import type { StreamAppend, StreamRecord } from '../../core/backend/stream-store.js';
import { atOnce, LONG_MS, ODD_NAMES, type Promises, request, SHORT_MS, SOME_MS } from './subject.js';

const HEADER: StreamRecord = { kind: 'header', text: '{}' };
const END: StreamRecord = { kind: 'ended', text: '' };
const TEXT = JSON.stringify(['Grüße 👋 \ud83d', '\0\r\n$5\r\n', '__proto__', '']);

const piece = (text: string): StreamRecord => ({ kind: 'pieces', text });

function append(first: number, records: StreamRecord[], more: Partial<StreamAppend> = {}): StreamAppend {
  return { first, records, keepFrom: 1, leaseMs: LONG_MS, expireMs: LONG_MS, ...more };
}

/** Acquires the lease of the key. */
async function hold({ leases }: Backend, key = 'key', leaseMs = LONG_MS): Promise<string> {
  const token = randomUUID();
  const { state } = await leases.acquire(key, token, leaseMs, request());
  assert.equal(state, 'acquired');
  return token;
}

/** Reads the records as `number kind text`. */
async function readAfter({ streams }: Backend, token: string, after = 0, key = 'key'): Promise<string[]> {
  const { records } = await streams.read(key, token, after, LONG_MS);
  return records.map(({ number, kind, text }) => `${number} ${kind} ${text}`);
}

/** Begins a log with a header and one record of pieces. */
async function begin(backend: Backend, expireMs = LONG_MS): Promise<string> {
  const token = await hold(backend);
  await backend.streams.append('key', token, append(1, [HEADER, piece('[1]')], { expireMs }));
  return token;
}

/** Adds a listener and waits until the event channel is connected; that of the memory backend always is. */
function listening({ kind, events }: Backend, listener: (event: CacheEvent) => void): Promise<void> {
  return new Promise((resolve) => {
    events.listen((event) => {
      if (event.type === 'up') resolve();
      listener(event);
    });
    if (kind === 'memory') resolve();
  });
}

/** The promises of `StreamStore` about what a log holds. */
export const streamPromises: Promises = {
  'records are read in order, with their kinds and texts, from any number on': async ({ backend }) => {
    const token = await hold(backend);
    await backend.streams.append('key', token, append(1, [HEADER, piece(TEXT)]));
    await backend.streams.append('key', token, append(3, [{ kind: 'failed', text: TEXT }]));
    const all = ['1 header {}', `2 pieces ${TEXT}`, `3 failed ${TEXT}`];
    assert.deepEqual(await readAfter(backend, token), all);
    assert.deepEqual(await readAfter(backend, token, 1), all.slice(1));
    assert.deepEqual(await readAfter(backend, token, 3), []);
  },

  'read says whether the log is there': async ({ backend }) => {
    const token = await hold(backend);
    assert.equal((await backend.streams.read('key', token, 0, LONG_MS)).exists, false);
    await backend.streams.append('key', token, append(1, [HEADER]));
    assert.equal((await backend.streams.read('key', token, 0, LONG_MS)).exists, true);
    assert.equal((await backend.streams.read('key', token, 1, LONG_MS)).exists, true);
  },

  'records that are appended twice are there once': async ({ backend }) => {
    const token = await begin(backend);
    const again = append(1, [HEADER, piece('[other]'), piece('[2]')]);
    await atOnce(5, () => backend.streams.append('key', token, again));
    assert.deepEqual(await readAfter(backend, token), ['1 header {}', '2 pieces [1]', '3 pieces [2]']);
  },

  'a log with a gap is lost': async ({ backend }) => {
    const token = await begin(backend);
    assert.equal(await backend.streams.append('key', token, append(4, [piece('[3]')])), 'lost');
    assert.equal((await backend.streams.read('key', token, 0, LONG_MS)).exists, false);
  },

  'records below keepFrom are dropped': async ({ backend }) => {
    const token = await begin(backend);
    await backend.streams.append('key', token, append(3, [piece('[2]'), piece('[3]')], { keepFrom: 3 }));
    assert.deepEqual(await readAfter(backend, token), ['3 pieces [2]', '4 pieces [3]']);
    assert.notEqual(await backend.streams.append('key', token, append(5, [END], { keepFrom: 5 })), 'lost');
    assert.deepEqual(await readAfter(backend, token), ['5 ended ']);
  },

  'a long log is read completely, in as many reads as it takes': async ({ backend }) => {
    const token = await begin(backend);
    const records = Array.from({ length: 2_500 }, (_, index) => piece(`[${index + 3}]`));
    await backend.streams.append('key', token, append(3, records));
    const numbers: number[] = [];
    for (let more = true; more;) {
      const reading = await backend.streams.read('key', token, numbers.length, LONG_MS);
      numbers.push(...reading.records.map(({ number }) => number));
      more = reading.more;
    }
    assert.deepEqual(
      numbers,
      Array.from({ length: 2_502 }, (_, index) => index + 1),
    );
  },

  'logs of other tokens and keys are independent': async ({ backend }) => {
    const token = await begin(backend);
    const other = await hold(backend, 'other');
    await backend.streams.append('other', other, append(1, [HEADER, piece('["other"]')]));
    assert.deepEqual(await readAfter(backend, token), ['1 header {}', '2 pieces [1]']);
    assert.deepEqual(await readAfter(backend, other), []);
    assert.deepEqual(await readAfter(backend, other, 1, 'other'), ['2 pieces ["other"]']);
  },

  'keys are taken literally': async ({ backend }) => {
    // On a Cluster, the keys of an entry that begins with a closing brace are in different slots.
    for (const key of ODD_NAMES.filter((name) => !name.startsWith('}'))) {
      const token = await hold(backend, key);
      await backend.streams.append(key, token, append(1, [piece(key)]));
      assert.deepEqual(await readAfter(backend, token, 0, key), [`1 pieces ${key}`]);
    }
  },
};

/** The promises of `StreamStore` about who may append, how long a log lives, and who is notified. */
export const streamFencePromises: Promises = {
  'a log is begun only under the lease': async ({ backend }) => {
    const token = await hold(backend);
    const other = randomUUID();
    assert.equal(await backend.streams.append('key', other, append(1, [HEADER])), 'lost');
    assert.equal(await backend.streams.append('free', token, append(1, [HEADER])), 'lost');
    assert.equal((await backend.streams.read('key', other, 0, LONG_MS)).exists, false);
    assert.equal(await backend.streams.append('key', token, append(1, [HEADER])), 'unwatched');
  },

  'a log goes on when its lease is revoked': async ({ backend }) => {
    const token = await begin(backend);
    await backend.entries.delete(['key']);
    assert.equal(await backend.streams.append('key', token, append(3, [piece('[2]')])), 'unwatched');
    assert.deepEqual(await readAfter(backend, token, 2), ['3 pieces [2]']);
    assert.equal((await backend.leases.peek('key', token, null)).state, 'gone');
  },

  'an expired log takes no more records, also if it is begun anew': async ({ backend, passTime }) => {
    const token = await begin(backend, SHORT_MS);
    await backend.leases.release('key', token);
    await passTime(2 * SHORT_MS);
    assert.equal(await backend.streams.append('key', token, append(3, [piece('[late]')])), 'lost');
    assert.equal(await backend.streams.append('key', token, append(1, [HEADER, piece('[late]')])), 'lost');
    assert.deepEqual(await backend.streams.read('key', token, 0, LONG_MS), {
      exists: false,
      more: false,
      records: [],
    });
  },

  'an expired log takes no more records although its lease is held': async ({ backend, passTime }) => {
    const token = await begin(backend, SHORT_MS);
    await passTime(2 * SHORT_MS);
    assert.equal(await backend.streams.append('key', token, append(3, [piece('[late]')])), 'lost');
    assert.equal((await backend.streams.read('key', token, 0, LONG_MS)).exists, false);
  },

  'append renews the log and the lease, also without records': async ({ backend, passTime }) => {
    const token = await hold(backend, 'key', SOME_MS);
    const brief = { expireMs: SOME_MS, leaseMs: SOME_MS };
    await backend.streams.append('key', token, append(1, [HEADER], brief));
    await backend.streams.append('key', token, append(2, []));
    await passTime(SOME_MS + SHORT_MS);
    assert.deepEqual(await readAfter(backend, token), ['1 header {}']);
    assert.equal((await backend.leases.peek('key', token, null)).state, 'held');
  },

  'append does not renew the lease of another holder': async ({ backend, passTime }) => {
    const token = await begin(backend);
    await backend.entries.delete(['key']);
    await hold(backend, 'key', SHORT_MS);
    await backend.streams.append('key', token, append(3, [piece('[2]')]));
    await passTime(2 * SHORT_MS);
    assert.equal((await backend.leases.peek('key', token, null)).state, 'gone');
  },

  'a log is watched for the time that a read states, also before it begins': async ({
    backend,
    passTime,
  }) => {
    const token = await hold(backend);
    await backend.streams.read('key', token, 0, SOME_MS);
    assert.equal(await backend.streams.append('key', token, append(1, [HEADER])), 'watched');
    await passTime(SOME_MS + SHORT_MS);
    assert.equal(await backend.streams.append('key', token, append(2, [])), 'unwatched');
    await backend.streams.read('key', token, 1, LONG_MS);
    await passTime(SHORT_MS);
    assert.equal(await backend.streams.append('key', token, append(2, [])), 'watched');
  },

  'nobody watches a log whose last record was read': async ({ backend }) => {
    const token = await begin(backend);
    await backend.streams.append('key', token, append(3, [END]));
    await readAfter(backend, token);
    assert.equal(await backend.streams.append('key', token, append(4, [])), 'unwatched');
  },

  'records of a watched log are announced, and no others': async ({ backend }) => {
    const keys: string[] = [];
    await listening(backend, (event) => event.type === 'pieces' && keys.push(event.key));
    const token = await begin(backend);
    const other = await hold(backend, 'other');
    await backend.streams.read('other', other, 0, LONG_MS);
    await backend.streams.append('other', other, append(1, [HEADER]));
    await backend.streams.append('other', other, append(2, []));
    await backend.streams.append('key', token, append(3, [piece('[2]')]));
    await backend.streams.append('other', other, append(2, [END]));
    while (keys.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    await backend.ping();
    assert.deepEqual(keys, ['other', 'other']);
  },
};
