import { setTimeout as delay } from 'node:timers/promises';
import { ExecutorError } from '../../contract/errors.js';

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 8_000;

/**
 * Runs an attempt, and again after a failure of the API that may be temporary (408, 409, 429, 5xx) and that came before the
 * answer began: an answer that broke off may have been paid for. Pauses of 0.4 to 8 s.
 *
 * @throws the last attempt's error, or the signal's reason when it aborts
 */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  maxRetries: number,
  signal: AbortSignal,
): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (retries >= maxRetries || !isTemporary(error)) {
        throw retries > 0 ? asFinal(error) : error;
      }
    }
    await pause(retries, signal);
  }
}

/** Marks a failure as one after which the caller must not repeat the request. Returns the error. */
export function asFinal(error: unknown): unknown {
  if (error instanceof ExecutorError) {
    const upstream = { status: null, type: null, retryAfterMs: null, ...error.upstream, isFinal: true };
    Object.assign(error, { upstream });
  }
  return error;
}

function isTemporary(error: unknown): boolean {
  const { status = null, isFinal = false } = (error instanceof ExecutorError && error.upstream) || {};
  return !isFinal && status !== null && ([408, 409, 429].includes(status) || status >= 500);
}

async function pause(retries: number, signal: AbortSignal): Promise<void> {
  const limitMs = Math.min(FIRST_PAUSE_MS * 2 ** retries, MAX_PAUSE_MS);
  await delay(limitMs * (0.75 + Math.random() / 4), undefined, { signal }).catch(() => {});
  signal.throwIfAborted();
}
