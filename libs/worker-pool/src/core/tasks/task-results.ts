import type { Completion } from '../contract/completion-request.js';
import { ExecutorError, WorkerPoolError } from '../contract/errors.js';
import type { TaskError, TaskResult } from '../contract/task.js';

/** The result of a completed task. Frozen, because all waiters share it. */
export function completedResult(taskId: string, completion: Completion): TaskResult {
  return freezeDeep({ taskId, status: 'completed' as const, ...completion, error: null });
}

/** The result of a task whose executor failed. */
export function failedResult(taskId: string, error: TaskError): TaskResult {
  return withoutCompletion(taskId, 'failed', error);
}

/** The result of a task that the pool stopped for `reason`. */
export function stoppedResult(
  taskId: string,
  status: 'timeout' | 'killed',
  reason: WorkerPoolError,
): TaskResult {
  return withoutCompletion(taskId, status, { code: reason.code, message: reason.message });
}

function withoutCompletion(
  taskId: string,
  status: Exclude<TaskResult['status'], 'completed'>,
  error: TaskError,
): TaskResult {
  return freezeDeep({
    taskId,
    status,
    completion: null,
    usage: null,
    cost: null,
    model: null,
    stopReason: null,
    content: null,
    error,
  });
}

/**
 * The `error` of a task's result for an exception of the executor. This package's own errors never contain the
 * prompt; a foreign error may quote it (`JSON.parse` does), so only its kind is reported.
 */
export function describeFailure(executorName: string, thrown: unknown): TaskError {
  if (thrown instanceof ExecutorError && thrown.upstream) {
    const { body } = thrown.upstream;
    const upstream = { ...thrown.upstream, ...(body !== undefined && { body }) };
    return { code: thrown.code, message: thrown.message, upstream };
  }
  if (thrown instanceof WorkerPoolError) {
    return { code: thrown.code, message: thrown.message };
  }
  return { code: 'ERR_EXECUTOR_FAILED', message: `the ${executorName} executor failed: ${kindOf(thrown)}` };
}

/** The frames of an error's stack without its message; empty when the two cannot be separated. */
export function framesOf(thrown: unknown): string {
  const { message, stack } = Object(thrown) as { message?: unknown; stack?: unknown };
  if (typeof message !== 'string' || typeof stack !== 'string') {
    return '';
  }
  const start = stack.indexOf(message);
  return start < 0 ? '' : stack.slice(start + message.length).trimStart();
}

const IDENTIFIER = /^\w{1,64}$/;

const identifierIn = (value: unknown): string[] =>
  typeof value === 'string' && IDENTIFIER.test(value) ? [value] : [];

/** Class and system code of an error, such as `Error ENOENT`, without its message. */
function kindOf(thrown: unknown): string {
  const { name, code } = Object(thrown) as { name?: unknown; code?: unknown };
  return [...identifierIn(name), ...identifierIn(code)].join(' ') || 'unknown error';
}

/**
 * Freezes plain objects and arrays at every depth, without recursion; other objects, such as buffers, stay as they are.
 */
export function freezeDeep<T>(value: T): T {
  const found: unknown[] = [value];
  while (found.length > 0) {
    const next = found.pop();
    if (!isPlain(next) || Object.isFrozen(next)) continue;
    Object.freeze(next);
    for (const inner of Object.values(next)) {
      if (typeof inner === 'object') found.push(inner);
    }
  }
  return value;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  return Array.isArray(value) || Object.prototype.toString.call(value) === '[object Object]';
}
