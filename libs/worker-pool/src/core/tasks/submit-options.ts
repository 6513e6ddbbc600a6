import { isTooDeep, OptionNames, TOO_DEEP } from 'nestjs-redis-connection';
import type { CompletionRequest } from '../contract/completion-request.js';
import { InvalidRequestError } from '../contract/errors.js';
import { MAX_TIMER_MS } from '../contract/validation.js';
import type { GetResultOptions, RunOptions, SubmitOptions, WatchOptions } from '../contract/worker-pool.js';
import { freezeDeep } from './task-results.js';

/** The largest priority that BullMQ supports. */
const MAX_PRIORITY = 2 ** 21 - 1;
const MAX_DEDUPLICATION_KEY_LENGTH = 1_024;
const MAX_CONTEXT_BYTES = 16_384;

const refuse = (path: string, problem: string): Error => new InvalidRequestError(path, problem);

const submitNames = { timeoutMs: true, priority: true, deduplicationKey: true, context: true };

export const SUBMIT_OPTIONS = new OptionNames<SubmitOptions>(submitNames, refuse);
export const RUN_OPTIONS = new OptionNames<RunOptions>({ ...submitNames, signal: true }, refuse);
export const WATCH_OPTIONS = new OptionNames<WatchOptions>({ signal: true }, refuse);
const GET_RESULT_OPTIONS = new OptionNames<GetResultOptions>({ timeoutMs: true, signal: true }, refuse);

/** Validated options of a submission, with every default filled in. */
export interface ResolvedSubmitOptions {
  /** Time limit of the run, in milliseconds. */
  timeoutMs: number;
  priority: number;
  deduplicationKey: string | undefined;
  /** A frozen copy. */
  context: unknown;
}

/**
 * Validates the options of a submission and fills in the defaults.
 *
 * @throws {InvalidRequestError} names the invalid option
 */
export function resolveSubmitOptions(
  options: SubmitOptions,
  defaultTimeoutMs: number,
): ResolvedSubmitOptions {
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

/** @throws {InvalidRequestError} an unknown option, or `timeoutMs` is not a number from 0 to {@link MAX_TIMER_MS} */
export function checkGetResult(options: GetResultOptions): void {
  GET_RESULT_OPTIONS.check(options);
  checkTimeout(options.timeoutMs, 0);
}

function checkTimeout(timeoutMs: number | undefined, min: number): void {
  if (timeoutMs === undefined) {
    return;
  }
  if (typeof timeoutMs !== 'number' || !(timeoutMs >= min && timeoutMs <= MAX_TIMER_MS)) {
    throw new InvalidRequestError('timeoutMs', `must be a number from ${min} to ${MAX_TIMER_MS}`);
  }
}

/**
 * Copies the request, so that the caller cannot change it while the task waits.
 *
 * @throws {InvalidRequestError} the request contains something other than data, such as a function
 */
export function copyRequest(request: CompletionRequest): CompletionRequest {
  try {
    return copyPlain(request) as CompletionRequest;
  } catch {
    throw new InvalidRequestError('request', 'must be plain data');
  }
}

const ATOMIC: ReadonlySet<string> = new Set(['string', 'number', 'boolean', 'undefined']);

/** As `structuredClone`, which takes as long as the texts are; a copy may share them, because they cannot change. */
function copyPlain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyPlain);
  if (value === null || ATOMIC.has(typeof value)) return value;
  if (Object.getPrototypeOf(value) !== Object.prototype) return structuredClone(value);
  const copy: Record<string, unknown> = {};
  for (const name of Object.keys(value as object)) {
    // An assignment of this name would change the prototype.
    if (name === '__proto__') return structuredClone(value);
    copy[name] = copyPlain((value as Record<string, unknown>)[name]);
  }
  return copy;
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
    const problem = `must be a string of 1 to ${MAX_DEDUPLICATION_KEY_LENGTH} characters`;
    throw new InvalidRequestError('deduplicationKey', problem);
  }
}

// Through JSON with every driver: a context that works within one process must also work across two.
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
  if (isTooDeep(json)) {
    throw new InvalidRequestError('context', TOO_DEEP);
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
