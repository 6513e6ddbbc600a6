/**
 * Waiting with a deadline and an error that says what was waited for.
 *
 *   await until(async () => (await cache.isConnected()), { what: 'the cache to reconnect' });
 *   await within(once(emitter, 'open'), { timeoutMs: 5_000, what: 'the breaker to open' });
 *
 * `until` is for conditions that no event announces; where there is an event, await it with `within`.
 */
// The real timers, also where a test has put fake ones in their place.
import { clearTimeout, setImmediate, setTimeout } from 'node:timers';
import { setTimeout as sleep } from 'node:timers/promises';

export interface WithinOptions {
  /** How long to wait, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
  /** What is awaited, for the error message. */
  readonly what: string;
}

export interface UntilOptions extends WithinOptions {
  /** The pause between two looks, in milliseconds. Default 20. */
  readonly everyMs?: number;
}

type Falsy = undefined | null | false | 0 | '';

const DEFAULT_TIMEOUT_MS = 10_000;
const LAST_LOOK_MS = 200;

/** The promise's outcome, or an error naming `what` when the time is over first. */
export async function within<T>(promise: Promise<T>, options: WithinOptions): Promise<T> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, what } = options;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const giveUp = (): void => reject(new Error(`Waited ${timeoutMs} ms in vain for ${what}`));
    // After a pause of the whole process what came in time has yet to be read: that first.
    timer = setTimeout(() => setImmediate(giveUp), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks again and again until the predicate answers something truthy, and answers that. The last look comes
 * after the time is over, so that a machine that pauses meanwhile is no reason to give up.
 * A predicate that throws counts as "not yet"; its last error becomes the `cause` of the final one.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  options: UntilOptions,
): Promise<Exclude<T, Falsy>> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, everyMs = 20, what } = options;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (let isOver = false; !isOver; await sleep(everyMs)) {
    const leftMs = deadline - performance.now();
    isOver = leftMs <= 0;
    try {
      const answer = await within((async () => predicate())(), {
        timeoutMs: Math.max(leftMs, LAST_LOOK_MS),
        what: `an answer about ${what}`,
      });
      if (answer) return answer as Exclude<T, Falsy>;
    } catch (error) {
      lastError = error;
    }
  }
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`, { cause: lastError });
}
