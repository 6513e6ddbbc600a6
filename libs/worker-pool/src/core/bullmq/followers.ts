import type { TaskResult, TaskSnapshot } from '../contract/task.js';
import { type Ending, SnapshotFeed } from '../tasks/waiting.js';

/** Waits for the end of one task. */
export class Waiter implements Ending {
  /** Why the wait fails when Redis does not have the task; `null` as long as it may still be on its way there. */
  lossOf: ((taskId: string) => Error) | null = null;
  #outcome: { result: TaskResult } | { reason: Error } | null = null;
  #onResult: ((result: TaskResult) => void) | undefined;
  #onFailure: ((reason: Error) => void) | undefined;

  constructor(public taskId: string) {}

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

/** Follows the status of one task. */
export class TaskWatch {
  readonly #feed = new SnapshotFeed();
  #last: TaskSnapshot;

  constructor(snapshot: TaskSnapshot) {
    this.#last = snapshot;
    this.#feed.push(snapshot);
  }

  get taskId(): string {
    return this.#last.taskId;
  }

  /** Takes the current snapshot of the task, which may have the same status as the last one. */
  advance(snapshot: TaskSnapshot): void {
    if (snapshot.status === this.#last.status || this.#last.result) {
      return;
    }
    // A short run may end between two look-ups; its status `running` is reported nevertheless.
    if (this.#last.status === 'pending' && snapshot.result && snapshot.startedAt !== null) {
      this.#feed.push(Object.freeze({ ...snapshot, status: 'running', finishedAt: null, result: null }));
    }
    this.#last = snapshot;
    this.#feed.push(snapshot);
  }

  fail(reason: Error): void {
    this.#feed.fail(reason);
  }

  read(signal?: AbortSignal): AsyncGenerator<TaskSnapshot, void, undefined> {
    return this.#feed.read(signal);
  }
}
