/** Tasks of a contender's process. Each gets the session and its arguments. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { sharedNow } from './clock.mjs';
import { makePayload } from './payload.mjs';

const NOTHING = Symbol('nothing');
const yieldToEventLoop = () => new Promise((resolve) => setImmediate(resolve));

const unexpected = () => Promise.reject(new Error('the factory ran where a hit was expected'));
const keyOf = (index) => createHash('sha256').update(String(index)).digest('hex');

function entriesOf({ payload, keys }) {
  return Array.from({ length: keys }, (_, index) => ({
    key: keyOf(index),
    value: makePayload(payload, index),
  }));
}

/** Returns how to use an operation: `step(index)` runs it once, on one of the entries. */
function stepOf({ operations }, operation, entries, factory = unexpected) {
  const count = entries.length;
  const keys = entries.map(({ key }) => key);
  // Unneeded values would only add work for the garbage collector.
  const values = operation === 'set' ? entries.map(({ value }) => value) : [];
  const { get, getBytes, set, getOrSet } = operations;
  const steps = {
    get: (index) => get(keys[index % count]),
    getBytes: (index) => getBytes(keys[index % count]),
    getOrSet: (index) => getOrSet(keys[index % count], factory),
    set: (index) => set(keys[index % count], values[index % count]),
  };
  return steps[operation];
}

function asObject(result) {
  return result instanceof Uint8Array ? JSON.parse(Buffer.from(result).toString()) : result;
}

/**
 * Stores the entries and verifies that the measured operation returns them. With `mayCompute` the factory of `getOrSet`
 * returns the value again, otherwise it fails.
 */
export async function fill(session, { operation, payload, keys, mayCompute = false }) {
  const entries = entriesOf({ payload, keys });
  const factory = mayCompute ? async () => entries[0].value : unexpected;
  session.step = stepOf(session, operation, entries, factory);
  const read = operation === 'set' ? stepOf(session, 'get', entries) : session.step;
  for (const [index, { key, value }] of entries.entries()) {
    await session.operations.set(key, value);
    const found = asObject(await read(index));
    if (!isDeepStrictEqual(found, value)) throw new Error(`${operation} does not return the stored value`);
  }
}

/**
 * Repeats the operation for a given time with a number of concurrent callers, each of which awaits its result before the
 * next call. `batch` is the number of calls between two readings of the clock.
 */
export async function measure(session, { callers, batch, milliseconds, mayMiss = false }) {
  const { step } = session;
  let done = 0;
  let missed = 0;
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  const until = startedAt + milliseconds;
  const caller = async () => {
    do {
      for (let count = 0; count < batch; count += 1) {
        const result = await step(done);
        done += 1;
        if (result === null || result === undefined || result === false) missed += 1;
      }
      if (batch > 1) await yieldToEventLoop();
    } while (performance.now() < until);
  };
  await Promise.all(Array.from({ length: callers }, caller));
  if (missed > 0 && !mayMiss)
    throw new Error(`${missed} of ${done} operations did not return what was expected`);
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: done / seconds, cpuMicroseconds: (user + system) / done };
}

/** Writes and reads values, 64 at a time, and returns the heap before and after, once garbage was collected. */
export async function heapAfter({ operations }, { payload, count }) {
  const values = Array.from({ length: 16 }, (_, index) => makePayload(payload, index));
  const keys = Array.from({ length: 1_024 }, (_, index) => keyOf(index));
  const pair = async (index) => {
    await operations.set(keys[index % keys.length], values[index % values.length]);
    await operations.get(keys[index % keys.length]);
  };
  const pairs = async (from, to) => {
    for (let index = from; index < to; index += 64) {
      await Promise.all(Array.from({ length: 64 }, (_, offset) => pair(index + offset)));
    }
  };
  // The first calls compile code and fill caches that stay.
  await pairs(0, 2_048);
  const before = await heapUsed();
  await pairs(0, count / 2);
  return { before, after: await heapUsed(), rss: process.memoryUsage.rss() };
}

async function heapUsed() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  for (let count = 0; count < 4; count += 1) {
    await yieldToEventLoop();
    collect();
  }
  return process.memoryUsage().heapUsed;
}

/** Callers request one key at once; returns how often the factory ran here, and when all had the value. */
export async function ask({ operations }, { key, callers, factoryMs, payload }) {
  const value = makePayload(payload, 0);
  let factoryCalls = 0;
  const factory = async () => {
    factoryCalls += 1;
    await sleep(factoryMs);
    return value;
  };
  const startedAt = sharedNow();
  const answers = await Promise.all(Array.from({ length: callers }, () => operations.getOrSet(key, factory)));
  const at = sharedNow();
  const answered = answers.filter((answer) => isDeepStrictEqual(asObject(answer), value)).length;
  return { factoryCalls, answered, startedAt, at };
}

/** Streams pieces that say when they were made, one each `paceMs`, and returns how many. */
export async function lead({ operations }, { key, pieces, paceMs }) {
  async function* factory() {
    const startedAt = performance.now();
    for (let index = 0; index < pieces; index += 1) {
      const wait = startedAt + index * paceMs - performance.now();
      if (wait > 0) await sleep(wait);
      yield { at: sharedNow(), text: `piece ${index}` };
    }
  }
  return (await readStream(operations, key, factory)).length;
}

/** Reads a stream of another process; returns how late each piece came, in milliseconds. */
export async function follow({ operations }, { key }) {
  return readStream(operations, key, () => unexpected());
}

async function readStream({ getOrStream }, key, factory) {
  const delays = [];
  for await (const { at } of await getOrStream(key, factory)) delays.push(sharedNow() - at);
  return delays;
}

/**
 * Makes calls one after the other until all are done or the time is up; returns the duration of each that settled, and how
 * many returned a value.
 */
export async function callInTurn({ step }, { calls, milliseconds }) {
  const durations = [];
  let values = 0;
  const timeUp = sleep(milliseconds, NOTHING, { ref: false });
  for (let index = 0; index < calls; index += 1) {
    const startedAt = performance.now();
    const answer = await Promise.race([settled(step(index)), timeUp]);
    if (answer === NOTHING) break;
    durations.push(performance.now() - startedAt);
    if (answer !== null && answer !== undefined) values += 1;
  }
  return { durations, values };
}

/** Returns how many milliseconds pass until a call is a hit again; `null` if none is. */
export async function untilHit({ step }, { milliseconds }) {
  const startedAt = performance.now();
  const timeUp = sleep(milliseconds, null, { ref: false });
  while (performance.now() - startedAt < milliseconds) {
    const answer = await Promise.race([settled(step(0)), timeUp]);
    if (answer !== null && answer !== undefined) return performance.now() - startedAt;
    await sleep(5);
  }
  return null;
}

/** A failed call has settled too. */
async function settled(result) {
  try {
    return await result;
  } catch {
    return null;
  }
}
