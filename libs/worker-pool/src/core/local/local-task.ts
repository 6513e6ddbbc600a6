import { AsyncResource } from 'node:async_hooks';
import { randomUUID } from 'node:crypto';
import type { CompletionEvent } from '../contract/completion-event.js';
import type { CompletionRequest } from '../contract/completion-request.js';
import { TaskStreamTooLargeError } from '../contract/errors.js';
import type { TaskResult, TaskSnapshot } from '../contract/task.js';
import { encodeEvent, EventBytes } from '../tasks/emitted-event.js';
import { EventLog } from '../tasks/event-log.js';
import type { ResolvedSubmitOptions } from '../tasks/submit-options.js';
import type { TaskRun } from '../tasks/task-runner.js';
import { SnapshotFeed } from '../tasks/waiting.js';

type EndListener = (result: TaskResult) => void;
type ChangeListener = (snapshot: TaskSnapshot) => void;

/** One task from its submission to its end. Ends once; later calls of `end` have no effect. */
export class LocalTask {
  /** The asynchronous context of the submission: a task that waited would otherwise run in that of another task. */
  readonly scope = new AsyncResource('WorkerPoolTask');
  readonly id = randomUUID();
  readonly submittedAt = Date.now();
  readonly #controller = new AbortController();
  readonly #endListeners = new Set<EndListener>();
  readonly #changeListeners = new Set<ChangeListener>();
  #startedAt: number | null = null;
  #finishedAt: number | null = null;
  #result: TaskResult | null = null;
  /** Number of `run` calls that wait for the task. */
  #waiters = 0;
  #isKept = false;
  #events: EventLog | null = null;

  constructor(
    readonly request: CompletionRequest,
    readonly options: ResolvedSubmitOptions,
    private readonly maxStreamBytes: number,
  ) {}

  /** The executor's signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get run(): TaskRun {
    const { id: taskId, request, signal, options } = this;
    const run = { taskId, request, signal, context: options.context };
    return this.#events ? { ...run, emit: this.#emitterTo(this.#events) } : run;
  }

  /**
   * The events of the task. They are recorded if this is called before the task starts; otherwise there are none, and
   * readers only wait for the end.
   */
  openEvents(): EventLog {
    if (!this.#events) {
      const events = new EventLog();
      this.#events = events;
      this.onEnd(() => events.end());
    }
    return this.#events;
  }

  get priority(): number {
    return this.options.priority;
  }

  /** Marks the task as submitted by `submit`: it is not cancelled when its waiters leave. */
  keep(): void {
    this.#isKept = true;
  }

  /** Adds a waiter. The returned function removes it and returns whether nobody is interested any more. */
  join(): () => boolean {
    this.#waiters += 1;
    return () => {
      this.#waiters -= 1;
      return this.#waiters === 0 && !this.#isKept;
    };
  }

  start(): void {
    this.#startedAt = Date.now();
    this.#notifyChange();
  }

  /** Returns `false` when the task had already ended. */
  end(result: TaskResult): boolean {
    if (this.#result) {
      return false;
    }
    this.#result = result;
    this.#finishedAt = Date.now();
    for (const listener of this.#endListeners) {
      listener(result);
    }
    this.#endListeners.clear();
    this.#notifyChange();
    this.#changeListeners.clear();
    return true;
  }

  /** Aborts the executor's signal. */
  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Calls `listener` at the end, or immediately if the task has ended. Returns a function that removes it. */
  onEnd(listener: EndListener): () => void {
    if (this.#result) {
      listener(this.#result);
    } else {
      this.#endListeners.add(listener);
    }
    return () => this.#endListeners.delete(listener);
  }

  snapshot(): TaskSnapshot {
    return {
      taskId: this.id,
      status: this.#result?.status ?? (this.#startedAt === null ? 'pending' : 'running'),
      submittedAt: this.submittedAt,
      startedAt: this.#startedAt,
      finishedAt: this.#finishedAt,
      result: this.#result,
    };
  }

  /**
   * Yields the current snapshot, then one after each change of the status until the task has ended. A reader that
   * leaves removes its listener.
   *
   * @throws the signal's reason, when it aborts
   */
  async *watch(signal?: AbortSignal): AsyncGenerator<TaskSnapshot, void, undefined> {
    const feed = new SnapshotFeed();
    feed.push(Object.freeze(this.snapshot()));
    const listener: ChangeListener = (snapshot) => feed.push(snapshot);
    this.#changeListeners.add(listener);
    try {
      yield* feed.read(signal);
    } finally {
      this.#changeListeners.delete(listener);
    }
  }

  #emitterTo(events: EventLog): (event: CompletionEvent) => void {
    const bytes = new EventBytes(this.maxStreamBytes);
    return (event) => {
      const json = encodeEvent(event);
      if (bytes.admit(json)) {
        events.append(JSON.parse(json) as CompletionEvent);
      } else {
        events.fail(new TaskStreamTooLargeError(this.id));
      }
    };
  }

  #notifyChange(): void {
    if (this.#changeListeners.size === 0) {
      return;
    }
    const snapshot = Object.freeze(this.snapshot());
    for (const listener of this.#changeListeners) {
      listener(snapshot);
    }
  }
}
