import type { TaskResult } from '../../contract/task.js';
import type { Ending } from '../../tasks/wait-for-end.js';

/** One who waits for the end of a task. */
export class Waiter implements Ending {
  /** The queue is known to have taken the task: from then on it must be found there. */
  accepted = false;
  #outcome: { result: TaskResult } | { reason: Error } | null = null;
  #onResult: ((result: TaskResult) => void) | undefined;
  #onFailure: ((reason: Error) => void) | undefined;

  constructor(public taskId: string) {}

  get isOver(): boolean {
    return this.#outcome !== null;
  }

  settle(result: TaskResult): void {
    this.#outcome ??= { result };
    this.#onResult?.(result);
  }

  fail(reason: Error): void {
    this.#outcome ??= { reason };
    this.#onFailure?.(reason);
  }

  onEnd(onResult: (result: TaskResult) => void, onFailure: (reason: Error) => void): () => void {
    this.#onResult = onResult;
    this.#onFailure = onFailure;
    if (this.#outcome && 'result' in this.#outcome) {
      onResult(this.#outcome.result);
    } else if (this.#outcome) {
      onFailure(this.#outcome.reason);
    }
    return () => {
      this.#onResult = undefined;
      this.#onFailure = undefined;
    };
  }
}
