import type { TaskSnapshot } from '../../contract/task.js';
import { SnapshotFeed } from '../../tasks/snapshot-feed.js';

/** One who follows the changes of a task. */
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

  /** The task as it was found now. */
  advance(snapshot: TaskSnapshot): void {
    if (snapshot.status === this.#last.status || this.#last.result) {
      return;
    }
    // A short run may be over before anybody looked at it; it was running all the same.
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
