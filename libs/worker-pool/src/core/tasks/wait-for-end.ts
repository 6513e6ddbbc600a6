import { ResultTimeoutError } from '../errors/result-timeout.error.js';
import type { TaskResult } from '../contract/task.js';
import type { GetResultOptions } from '../contract/worker-pool.js';

type Cleanup = () => void;

/** Something that ends, or of which it becomes clear that its end will never be known. */
export interface Ending {
  /** Calls back once; answers a function that takes the callbacks off again. */
  onEnd(onResult: (result: TaskResult) => void, onFailure: (reason: Error) => void): Cleanup;
}

function afterTimeout(timeoutMs: number, callback: () => void): Cleanup {
  const timer = setTimeout(callback, timeoutMs);
  return () => clearTimeout(timer);
}

function onAbort(signal: AbortSignal, callback: (reason: unknown) => void): Cleanup {
  const listener = (): void => callback(signal.reason);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/**
 * Resolves with the task's result. A waiter that leaves early takes its listeners along, so that polling
 * a long task leaves nothing behind.
 *
 * @throws {ResultTimeoutError} after `timeoutMs`
 * @throws the signal's reason, when it aborts
 */
export async function waitForEnd(
  taskId: string,
  task: Ending,
  { timeoutMs, signal }: GetResultOptions,
): Promise<TaskResult> {
  signal?.throwIfAborted();
  const cleanups: Cleanup[] = [];
  try {
    return await new Promise<TaskResult>((resolve, reject) => {
      cleanups.push(task.onEnd(resolve, reject));
      if (timeoutMs !== undefined) {
        cleanups.push(afterTimeout(timeoutMs, () => reject(new ResultTimeoutError(taskId, timeoutMs))));
      }
      if (signal) {
        cleanups.push(onAbort(signal, reject));
      }
    });
  } finally {
    cleanups.forEach((cleanup) => cleanup());
  }
}
