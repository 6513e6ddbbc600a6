/** Queue tasks of a contender's process. Each gets the session and its arguments. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { makePayload } from './payload.mjs';

/** A pause after which a consumer has nothing left to do. */
const IDLE_MS = 20;

/** Repeats a step `count` times with `callers` concurrent loops, each of which awaits its step. */
async function inParallel(count, callers, step) {
  let begun = 0;
  const caller = async () => {
    while (begun < count) {
      begun += 1;
      await step();
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
}

async function timed(count, work) {
  const cpuBefore = process.cpuUsage();
  const startedAt = performance.now();
  await work();
  const seconds = (performance.now() - startedAt) / 1000;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { perSecond: count / seconds, cpuMicroseconds: (user + system) / count };
}

/** Queues `count` requests and makes sure that they are in the queue. */
export async function enqueueRound({ operations }, { count, callers, payload }) {
  const value = makePayload(payload, 0);
  const result = await timed(count, () => inParallel(count, callers, () => operations.enqueue(value)));
  const length = await operations.clearQueue();
  if (length !== count) throw new Error(`the queue has ${length} of ${count} requests`);
  return result;
}

/** Reserves and acknowledges `count` requests, `batch` at a time, and checks that they are the queued ones. */
export async function takeRound({ operations }, { count, callers, batch, payload }) {
  const value = makePayload(payload, 0);
  await inParallel(count, 64, () => operations.enqueue(value));
  let taken = 0;
  let last;
  const result = await timed(count, () =>
    inParallel(count / batch, callers, async () => {
      const requests = await operations.take(batch);
      taken += requests.length;
      last = requests[0];
    }),
  );
  await operations.clearQueue();
  if (taken !== count) throw new Error(`${taken} of ${count} requests were reserved`);
  if (!isDeepStrictEqual(last, value)) throw new Error('a reserved request differs from the queued one');
  return result;
}

/** Queues one request after the other, each once the handler had the one before; returns the milliseconds each took. */
export async function idleRound({ operations }, { payload, count }) {
  const value = makePayload(payload, 0);
  let onHandled;
  const { add = operations.enqueue, watch = (handle) => operations.work(1, handle) } = operations;
  const stop = await watch(() => onHandled());
  const durations = [];
  for (let index = 0; index < count; index += 1) {
    await sleep(IDLE_MS);
    const handled = new Promise((resolve) => (onHandled = resolve));
    const startedAt = performance.now();
    await add(value);
    await handled;
    durations.push(performance.now() - startedAt);
  }
  await stop();
  return durations;
}

/** Queues `count` requests while a worker handles them; resolves when the last one has been handled. */
export async function endToEndRound({ operations }, { count, callers, concurrency, payload }) {
  const value = makePayload(payload, 0);
  let handled = 0;
  let onAllHandled;
  const allHandled = new Promise((resolve) => (onAllHandled = resolve));
  const stop = await operations.work(concurrency, (request) => {
    if (request.id !== value.id) throw new Error('a handled request differs from the queued one');
    handled += 1;
    if (handled === count) onAllHandled();
  });
  const result = await timed(count, async () => {
    await inParallel(count, callers, () => operations.add(value));
    await allHandled;
  });
  await stop();
  return result;
}
