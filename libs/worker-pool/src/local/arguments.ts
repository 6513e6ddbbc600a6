import type { CompletionRequest } from '../completion-request.js';
import { InvalidRequestError } from '../errors/invalid-request.error.js';
import { MAX_TIMER_MS } from '../limits.js';

/**
 * @throws {InvalidRequestError} `timeoutMs` is present and no number from `min` to {@link MAX_TIMER_MS}
 */
export function checkTimeout(timeoutMs: number | undefined, min: number): void {
  if (timeoutMs === undefined) {
    return;
  }
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= min && timeoutMs <= MAX_TIMER_MS)) {
    throw new InvalidRequestError('timeoutMs', `must be a number from ${min} to ${MAX_TIMER_MS}`);
  }
}

/**
 * A copy that the caller can no longer change while the task waits.
 *
 * @throws {InvalidRequestError} the request holds something that is not data, such as a function
 */
export function copyRequest(request: CompletionRequest): CompletionRequest {
  try {
    return structuredClone(request);
  } catch {
    throw new InvalidRequestError('request', 'must be plain data');
  }
}
