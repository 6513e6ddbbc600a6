import { ResultTimeoutError } from '../contract/errors.js';
import type { TaskResult, TaskSnapshot } from '../contract/task.js';
import type { GetResultOptions } from '../contract/worker-pool.js';

type Cleanup = () => void;

/** A task whose end can be awaited. */
export interface Ending {
  /**
   * Calls one of the callbacks once: with the result, or with the reason why the result will never be known. Returns
   * a function that removes the callbacks.
   */
  onEnd(onResult: (result: TaskResult) => void, onFailure: (reason: Error) => void): Cleanup;
}

/**
 * Resolves with the task's result. A waiter that leaves early removes its listeners, so that polling a long task
 * leaves none behind.
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

function afterTimeout(timeoutMs: number, callback: () => void): Cleanup {
  const timer = setTimeout(callback, timeoutMs);
  return () => clearTimeout(timer);
}

function onAbort(signal: AbortSignal, callback: (reason: unknown) => void): Cleanup {
  const listener = (): void => callback(signal.reason);
  signal.addEventListener('abort', listener, { once: true });
  return () => signal.removeEventListener('abort', listener);
}

/** Buffers the snapshots of one task for one reader, which may be slow. */
export class SnapshotFeed {
  readonly #unread: TaskSnapshot[] = [];
  #wake: (() => void) | undefined;
  #failure: { reason: unknown } | undefined;

  push(snapshot: TaskSnapshot): void {
    this.#unread.push(snapshot);
    this.#wake?.();
  }

  /** The reader receives the buffered snapshots, then this error. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake?.();
  }

  /**
   * Yields snapshots up to the one with the result.
   *
   * @throws the signal's reason, when it aborts
   */
  async *read(signal?: AbortSignal): AsyncGenerator<TaskSnapshot, void, undefined> {
    const wake = (): void => this.#wake?.();
    signal?.addEventListener('abort', wake, { once: true });
    try {
      for (;;) {
        const snapshot = await this.#next(signal);
        yield snapshot;
        if (snapshot.result) {
          return;
        }
      }
    } finally {
      signal?.removeEventListener('abort', wake);
    }
  }

  async #next(signal: AbortSignal | undefined): Promise<TaskSnapshot> {
    for (;;) {
      signal?.throwIfAborted();
      const snapshot = this.#unread.shift();
      if (snapshot) {
        return snapshot;
      }
      if (this.#failure) {
        throw this.#failure.reason;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
