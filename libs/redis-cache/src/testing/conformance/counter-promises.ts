import assert from 'node:assert/strict';
import type { CounterStore, TallyBatch } from '../../core/backend/backend.js';
import { atOnce, LONG_MS, ODD_NAMES, type Promises, SHORT_MS } from './subject.js';

const MANY = 50;

/** The promises of `CounterStore`. */
export const counterPromises: Promises = {
  'a name that nothing was added to has no counters': async ({ backend: { counters } }) => {
    await assertTally(counters, 'tally', {});
  },

  'additions are summed per field': async ({ backend: { counters } }) => {
    await add(counters, 'tally', { hits: 1, dollars: 0.25 });
    await add(counters, 'tally', { hits: 2, misses: 1, dollars: -0.5 });
    await assertTally(counters, 'tally', { hits: 3, dollars: -0.25, misses: 1 });
  },

  'no concurrent addition is lost': async ({ backend: { counters } }) => {
    await atOnce(MANY, () => add(counters, 'tally', { hits: 1, tokens: 1_000_000_000 }));
    await assertTally(counters, 'tally', { hits: MANY, tokens: MANY * 1_000_000_000 });
  },

  'a small fraction is not lost when added to a large sum': async ({ backend: { counters } }) => {
    await add(counters, 'tally', { dollars: 1_000_000 });
    await atOnce(MANY, () => add(counters, 'tally', { dollars: 0.000001 }));
    const sum = (await counters.read('tally')).get('dollars')!;
    assert.ok(Math.abs(sum - 1_000_000.00005) < 1e-8, String(sum));
  },

  'a batch is added once, however often it is sent': async ({ backend: { counters } }) => {
    const batch = { writer: 'one', sequence: 0 };
    const added = await atOnce(5, () => add(counters, 'tally', { hits: 1 }, batch));
    assert.equal(added.filter(Boolean).length, 1);
    assert.equal(await add(counters, 'tally', { hits: 1 }, { writer: 'one', sequence: 1 }), true);
    assert.equal(await add(counters, 'tally', { hits: 1 }, batch), false);
    await assertTally(counters, 'tally', { hits: 2 });
  },

  'sequence numbers are independent for each writer and each name': async ({ backend: { counters } }) => {
    await add(counters, 'tally', { hits: 1 }, { writer: 'one', sequence: 9 });
    assert.equal(await add(counters, 'tally', { hits: 1 }, { writer: 'two', sequence: 1 }), true);
    assert.equal(await add(counters, 'other', { hits: 1 }, { writer: 'one', sequence: 1 }), true);
    await assertTally(counters, 'tally', { hits: 2 });
  },

  'names and fields of counters are taken literally': async ({ backend: { counters } }) => {
    for (const name of ODD_NAMES) await add(counters, name, { [name]: 1 });
    for (const name of ODD_NAMES) {
      assert.deepEqual([...(await counters.read(name))], [[name, 1]], name);
    }
  },

  'a window returns its sum and the time until it ends': async ({ backend: { counters } }) => {
    for (const count of [1, 2, 3]) {
      const window = await counters.countInWindow('window', LONG_MS, 1);
      assert.equal(window.count, count);
      assert.ok(window.resetMs > 0 && window.resetMs <= LONG_MS, String(window.resetMs));
    }
    assert.equal((await counters.countInWindow('window', LONG_MS, 7)).count, 10);
  },

  'concurrent counts in a window return distinct sums': async ({ backend: { counters } }) => {
    const windows = await atOnce(MANY, () => counters.countInWindow('window', LONG_MS, 1));
    assert.equal(new Set(windows.map(({ count }) => count)).size, MANY);
  },

  'a window ends at a fixed time, even if counts were added meanwhile': async ({
    backend: { counters },
    passTime,
  }) => {
    await counters.countInWindow('window', 4 * SHORT_MS, 1);
    await passTime(2 * SHORT_MS);
    await counters.countInWindow('window', 4 * SHORT_MS, 1);
    await passTime(3 * SHORT_MS);
    assert.equal((await counters.countInWindow('window', 4 * SHORT_MS, 1)).count, 1);
  },

  'windows are independent, and their names are taken literally': async ({ backend: { counters } }) => {
    for (const name of ODD_NAMES) {
      assert.equal((await counters.countInWindow(name, LONG_MS, 1)).count, 1, name);
    }
  },

  'a limit counts calls, refuses the first above it, and does not count refused ones': async ({
    backend: { counters },
  }) => {
    const limit = { limit: 2, windowMs: LONG_MS, blockMs: 0 };
    for (const [count, blocked] of [
      [1, false],
      [2, false],
      [3, true],
      [3, true],
    ] as const) {
      const call = await counters.countLimited('limit', limit);
      assert.deepEqual({ count: call.count, blocked: call.blocked }, { count, blocked });
      assert.ok(call.resetMs > 0 && call.resetMs <= LONG_MS, String(call.resetMs));
    }
  },

  'concurrent calls are allowed exactly up to the limit': async ({ backend: { counters } }) => {
    const limit = { limit: 7, windowMs: LONG_MS, blockMs: 0 };
    const calls = await atOnce(MANY, () => counters.countLimited('limit', limit));
    assert.equal(calls.filter(({ blocked }) => !blocked).length, 7);
  },

  'a limit counts again after its window, and after its block': async ({
    backend: { counters },
    passTime,
  }) => {
    const window = { limit: 1, windowMs: SHORT_MS, blockMs: 0 };
    const block = { limit: 0, windowMs: LONG_MS, blockMs: SHORT_MS };
    await counters.countLimited('window', window);
    await counters.countLimited('block', block);
    await passTime(2 * SHORT_MS);
    assert.equal((await counters.countLimited('window', window)).blocked, false);
    assert.equal((await counters.countLimited('block', { ...block, limit: 1 })).count, 1);
  },

  'a block lasts as long as it says, also beyond the window': async ({ backend: { counters }, passTime }) => {
    const limit = { limit: 0, windowMs: SHORT_MS, blockMs: LONG_MS };
    await counters.countLimited('limit', limit);
    await passTime(2 * SHORT_MS);
    const call = await counters.countLimited('limit', { ...limit, limit: 5 });
    assert.equal(call.blocked, true);
    assert.ok(call.resetMs > LONG_MS / 2, String(call.resetMs));
  },

  'limits are independent, and their names are taken literally': async ({ backend: { counters } }) => {
    for (const name of ODD_NAMES) {
      const call = await counters.countLimited(name, { limit: 1, windowMs: LONG_MS, blockMs: 0 });
      assert.equal(call.count, 1, name);
    }
  },

  'clearing the cache keeps counters and windows': async ({ backend: { counters, entries } }) => {
    await add(counters, 'tally', { hits: 1 });
    await counters.countInWindow('window', LONG_MS, 1);
    let cursor = await entries.clearPage(null);
    while (cursor !== null) cursor = await entries.clearPage(cursor);
    await assertTally(counters, 'tally', { hits: 1 });
    assert.equal((await counters.countInWindow('window', LONG_MS, 1)).count, 2);
  },
};

function add(
  counters: CounterStore,
  name: string,
  increments: Record<string, number>,
  batch?: TallyBatch,
): Promise<boolean> {
  return counters.add(name, new Map(Object.entries(increments)), batch);
}

async function assertTally(
  counters: CounterStore,
  name: string,
  expected: Record<string, number>,
): Promise<void> {
  assert.deepEqual(Object.fromEntries(await counters.read(name)), expected);
}
