import { TaskAbandonedError } from '../contract/errors.js';
import type { TaskResult, TaskSnapshot } from '../contract/task.js';
import { failedResult, freezeDeep } from '../tasks/task-results.js';
import { readRecord } from './record-limits.js';

type Field = string | null;

/** A task as the script `readTasks` returns it. */
export type StoredTask = [
  timestamp: Field,
  processedOn: Field,
  finishedOn: Field,
  returnValue: Field,
  failedReason: Field,
  stop: Field,
  stoppedOn: Field,
  deaths: Field,
  isHeld: number,
];

const time = (field: Field): number | null => (field === null ? null : Number(field) || 0);

/**
 * Returns `null` when the task does not exist.
 *
 * @param maxResultBytes larger results are damaged
 */
export function toSnapshot(
  taskId: string,
  stored: StoredTask | undefined,
  maxResultBytes: number,
): TaskSnapshot | null {
  if (!stored || stored[0] === null) {
    return null;
  }
  const [timestamp, processedOn, finishedOn, , , , stoppedOn, , isHeld] = stored;
  const result = resultOf(taskId, stored, maxResultBytes);
  const isRunning = isHeld === 1;
  return Object.freeze({
    taskId,
    status: result?.status ?? (isRunning ? 'running' : 'pending'),
    submittedAt: Number(timestamp) || 0,
    startedAt: result || isRunning ? time(processedOn) : null,
    finishedAt: result ? time(stoppedOn ?? finishedOn) : null,
    result,
  });
}

/**
 * Parses a result from Redis; `null` when there is none, as in the return value of a stopped task's run, or when it is
 * damaged.
 */
export function parseResult(taskId: string, record: unknown, maxResultBytes: number): TaskResult | null {
  const result = readRecord(record, maxResultBytes) as TaskResult | null | undefined;
  return typeof result === 'object' && result?.taskId === taskId ? freezeDeep(result) : null;
}

/** The error of a task whose record in Redis cannot be read. */
export const DAMAGED = { code: 'ERR_EXECUTOR_FAILED', message: 'the record of the task is damaged' };

function resultOf(taskId: string, stored: StoredTask, maxResultBytes: number): TaskResult | null {
  const [, , finishedOn, returnValue, failedReason, stop, , deaths] = stored;
  if (stop === null && finishedOn === null) {
    return null;
  }
  const record = stop ?? returnValue;
  if (record !== null) {
    return parseResult(taskId, record, maxResultBytes) ?? failedResult(taskId, DAMAGED);
  }
  return failedResult(taskId, failureOf(failedReason, Number(deaths)));
}

// BullMQ itself fails a task only after its workers have died too often.
function failureOf(failedReason: Field, deaths: number): { code: string; message: string } {
  if (deaths > 0 && failedReason?.includes('stalled')) {
    const { code, message } = new TaskAbandonedError(deaths);
    return { code, message };
  }
  return failedReason === 'damaged' ? DAMAGED : { code: 'ERR_EXECUTOR_FAILED', message: 'the worker failed' };
}
