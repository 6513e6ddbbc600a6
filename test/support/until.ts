/**
 * Waiting with a deadline and an error that says what was waited for.
 *
 *   await until(async () => (await cache.isConnected()), { what: 'the cache to reconnect' });
 *   await within(once(emitter, 'open'), { timeoutMs: 5_000, what: 'the breaker to open' });
 *
 * `until` is for conditions that no event announces; where there is an event, await it with `within`.
 */
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

/** The promise's outcome, or an error naming `what` when the time is over first. */
export async function within<T>(promise: Promise<T>, options: WithinOptions): Promise<T> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, what } = options;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${timeoutMs} ms in vain for ${what}`)), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks again and again until the predicate answers something truthy, and answers that.
 * A predicate that throws counts as "not yet"; its last error becomes the `cause` of the final one.
 */
export async function until<T>(
  predicate: () => T | Promise<T>,
  options: UntilOptions,
): Promise<Exclude<T, Falsy>> {
  const { timeoutMs = DEFAULT_TIMEOUT_MS, everyMs = 20, what } = options;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  do {
    try {
      const remainingMs = Math.max(1, deadline - performance.now());
      const answer = await within((async () => predicate())(), {
        timeoutMs: remainingMs,
        what: `an answer about ${what}`,
      });
      if (answer) return answer as Exclude<T, Falsy>;
    } catch (error) {
      lastError = error;
    }
    await sleep(everyMs);
  } while (performance.now() < deadline);
  throw new Error(`Waited ${timeoutMs} ms in vain for ${what}`, { cause: lastError });
}
