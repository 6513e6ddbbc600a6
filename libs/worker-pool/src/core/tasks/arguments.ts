import type { CompletionRequest } from '../contract/completion-request.js';
import { InvalidRequestError } from '../errors/invalid-request.error.js';
import {
  MAX_CONTEXT_BYTES,
  MAX_DEDUPLICATION_KEY_LENGTH,
  MAX_PRIORITY,
  MAX_TIMER_MS,
} from '../contract/limits.js';
import type { SubmitOptions } from '../contract/worker-pool.js';
import { freezeDeep } from './freeze-deep.js';

/** What a submission asks for beside the request, checked and complete. */
export interface TaskTerms {
  /** Time limit of the run, in milliseconds. */
  timeoutMs: number;
  priority: number;
  deduplicationKey: string | undefined;
  /** A frozen copy. */
  context: unknown;
}

/**
 * Checks the options of a submission.
 *
 * @throws {InvalidRequestError} names the option that is wrong
 */
export function toTerms(options: SubmitOptions, defaultTimeoutMs: number): TaskTerms {
  const { timeoutMs, priority = 0, deduplicationKey, context } = options;
  checkTimeout(timeoutMs, 1);
  checkPriority(priority);
  checkDeduplicationKey(deduplicationKey);
  return {
    timeoutMs: timeoutMs ?? defaultTimeoutMs,
    priority,
    deduplicationKey,
    context: copyContext(context),
  };
}

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

function checkPriority(priority: number): void {
  if (!Number.isInteger(priority) || priority < 0 || priority > MAX_PRIORITY) {
    throw new InvalidRequestError('priority', `must be a whole number from 0 to ${MAX_PRIORITY}`);
  }
}

function checkDeduplicationKey(key: string | undefined): void {
  if (key === undefined) {
    return;
  }
  if (typeof key !== 'string' || key === '' || key.length > MAX_DEDUPLICATION_KEY_LENGTH) {
    const problem = `must be a text of 1 to ${MAX_DEDUPLICATION_KEY_LENGTH} characters`;
    throw new InvalidRequestError('deduplicationKey', problem);
  }
}

// By way of its JSON on every driver: a context that travels in one process must also do so between two.
function copyContext(context: unknown): unknown {
  if (context === undefined) {
    return undefined;
  }
  const json = toJson(context);
  if (json === undefined) {
    throw new InvalidRequestError('context', 'must be plain JSON');
  }
  if (Buffer.byteLength(json) > MAX_CONTEXT_BYTES) {
    throw new InvalidRequestError('context', `must not be larger than ${MAX_CONTEXT_BYTES} bytes as JSON`);
  }
  return freezeDeep(JSON.parse(json) as unknown);
}

function toJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
