import assert from 'node:assert/strict';
import type { Backend } from '../../core/backend/backend.js';
import type { ArrivalListener } from '../../core/backend/queue-store.js';
import { LONG_MS, type Promises, pushAll, releaseSettings, reserveOne, shiftOne, TERMS } from './subject.js';

/** Longer than any notification takes to arrive. */
const PATIENCE_MS = 15_000;

/** Counts the arrivals that are reported for the queue. */
class Ear implements ArrivalListener {
  #heard = 0;
  #wake: (() => void) | undefined;

  arrived(queue: string): void {
    if (queue === 'queue') this.#heard += 1;
    this.#wake?.();
  }

  maybeArrived(): void {}

  get deaf(): boolean {
    return this.#heard === 0;
  }

  /** Resolves once an arrival has been reported since the previous call. */
  async next(): Promise<void> {
    if (this.deaf) await this.#untilWoken();
    assert.ok(!this.deaf, 'no arrival was reported');
    this.#heard = 0;
  }

  #untilWoken(): Promise<void> {
    return new Promise((resolve) => {
      const giveUp = setTimeout(resolve, PATIENCE_MS);
      this.#wake = () => {
        clearTimeout(giveUp);
        resolve();
      };
    });
  }
}

/**
 * Listens, and pushes until the first arrival is reported, because connecting may take a while. Returns a function that
 * waits for the next arrival.
 */
async function listen({ queue, arrivals }: Backend): Promise<() => Promise<void>> {
  const ear = new Ear();
  arrivals.listen(ear);
  do {
    await queue.push('queue', ['first'], 10);
    await new Promise((resolve) => setTimeout(resolve, 10));
    await shiftOne(queue);
  } while (ear.deaf);
  await ear.next();
  return () => ear.next();
}

/** The promises of `ArrivalChannel`. */
export const arrivalPromises: Promises = {
  'a request pushed to an empty queue is reported': async ({ backend }) => {
    const next = await listen(backend);
    for (let round = 0; round < 3; round += 1) {
      await pushAll(backend.queue, 'request');
      await next();
      assert.equal(await shiftOne(backend.queue), 'request');
    }
  },

  'a request pushed while all others are reserved is reported': async ({ backend }) => {
    const next = await listen(backend);
    await pushAll(backend.queue, 'held');
    await next();
    await reserveOne(backend.queue, LONG_MS);
    await pushAll(backend.queue, 'new');
    await next();
  },

  'a released or replayed request is reported': async ({ backend }) => {
    const next = await listen(backend);
    await pushAll(backend.queue, 'request');
    await next();
    const { id } = await reserveOne(backend.queue);
    await backend.queue.release('queue', id, releaseSettings());
    await next();
    const again = await reserveOne(backend.queue);
    await backend.queue.release('queue', again.id, releaseSettings({ rejects: true }));
    const [letter] = await backend.queue.listDeadLetters('queue', 1);
    assert.equal(await backend.queue.replayDeadLetter('queue', letter!.id, 10), 'replayed');
    await next();
    assert.deepEqual(await backend.queue.shift('queue', 5, TERMS), ['request']);
  },
};
