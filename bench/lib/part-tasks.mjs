/** Measures what the parts of a call cost in a contender's process. */
import { load } from '../contenders/packages.mjs';
import { makePayload } from './payload.mjs';

/** The average duration of a step in microseconds, within the given time; the first steps warm up. */
async function average(step, milliseconds) {
  for (let count = 0; count < 200; count += 1) await step();
  const startedAt = performance.now();
  let done = 0;
  do {
    for (let count = 0; count < 20; count += 1) await step();
    done += 20;
  } while (performance.now() - startedAt < milliseconds);
  return ((performance.now() - startedAt) * 1_000) / done;
}

/** The same for a step that is not asynchronous: an `await` would cost more than the step. */
function averageOf(step, milliseconds) {
  for (let count = 0; count < 200; count += 1) step();
  const startedAt = performance.now();
  let done = 0;
  do {
    for (let count = 0; count < 20; count += 1) step();
    done += 20;
  } while (performance.now() - startedAt < milliseconds);
  return ((performance.now() - startedAt) * 1_000) / done;
}

/** Returns the microseconds of each part of ../scenarios/parts.mjs. */
export async function partCosts({ operations }, { milliseconds }) {
  const small = makePayload({ bytes: 2_048 }, 0);
  const large = makePayload({ bytes: 65_536 }, 0);
  const texts = { small: JSON.stringify(small), large: JSON.stringify(large) };
  const settled = Promise.resolve();
  const { LRUCache } = load('lru-cache');
  const map = new LRUCache({ max: 100 });
  map.set('key', small);
  return {
    clock: averageOf(() => Date.now(), milliseconds),
    lruGet: averageOf(() => map.get('key'), milliseconds),
    parse2k: averageOf(() => JSON.parse(texts.small), milliseconds),
    parse64k: averageOf(() => JSON.parse(texts.large), milliseconds),
    stringify2k: averageOf(() => JSON.stringify(small), milliseconds),
    stringify64k: averageOf(() => JSON.stringify(large), milliseconds),
    promise: await average(() => settled, milliseconds),
    turn: await average(() => new Promise((resolve) => setImmediate(resolve)), milliseconds),
    roundTrip: await average(() => operations.ping(), milliseconds),
    script: await average(() => operations.runEmptyScript(texts.small), milliseconds),
    setAndPublish: await average(() => operations.setAndPublish(texts.small), milliseconds),
  };
}
