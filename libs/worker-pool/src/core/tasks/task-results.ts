import type { Completion } from '../contract/completion-request.js';
import type { WorkerPoolError } from '../errors/worker-pool.error.js';
import type { TaskError, TaskResult } from '../contract/task.js';
import { freezeDeep } from './freeze-deep.js';

/** A result is shared by all who wait for the task, therefore frozen. */
export function completedResult(taskId: string, answer: Completion): TaskResult {
  return freezeDeep({ taskId, status: 'completed' as const, ...answer, error: null });
}

const withoutAnswer = (
  taskId: string,
  status: Exclude<TaskResult['status'], 'completed'>,
  error: TaskError,
): TaskResult =>
  freezeDeep({
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

export function failedResult(taskId: string, error: TaskError): TaskResult {
  return withoutAnswer(taskId, 'failed', error);
}

/** The result of a task that the pool stopped for `reason`. */
export function stoppedResult(
  taskId: string,
  status: 'timeout' | 'killed',
  reason: WorkerPoolError,
): TaskResult {
  return withoutAnswer(taskId, status, { code: reason.code, message: reason.message });
}
