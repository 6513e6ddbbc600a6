import { ExecutorError } from '../errors/executor.error.js';
import { WorkerPoolError } from '../errors/worker-pool.error.js';
import type { TaskError } from '../contract/task.js';

const IDENTIFIER = /^\w{1,64}$/;

const identifier = (value: unknown): string[] =>
  typeof value === 'string' && IDENTIFIER.test(value) ? [value] : [];

/** Class and system code of an error, such as `Error ENOENT`; nothing of its message. */
const kindOf = (thrown: unknown): string => {
  const { name, code } = Object(thrown) as { name?: unknown; code?: unknown };
  return [...identifier(name), ...identifier(code)].join(' ') || 'unknown error';
};

/**
 * What the task's result says of an executor's exception. The package's own errors keep the prompt out of
 * their messages; a foreign error may quote it (`JSON.parse` does), so only its kind is told.
 */
export function describeFailure(executorName: string, thrown: unknown): TaskError {
  if (thrown instanceof ExecutorError && thrown.upstream) {
    return { code: thrown.code, message: thrown.message, upstream: thrown.upstream };
  }
  if (thrown instanceof WorkerPoolError) {
    return { code: thrown.code, message: thrown.message };
  }
  return { code: 'ERR_EXECUTOR_FAILED', message: `the ${executorName} executor failed: ${kindOf(thrown)}` };
}

/** The stack's frames without the message in front of them; empty when the two cannot be told apart. */
export function framesOf(thrown: unknown): string {
  const { message, stack } = Object(thrown) as { message?: unknown; stack?: unknown };
  if (typeof message !== 'string' || typeof stack !== 'string') {
    return '';
  }
  const start = stack.indexOf(message);
  return start < 0 ? '' : stack.slice(start + message.length).trimStart();
}
