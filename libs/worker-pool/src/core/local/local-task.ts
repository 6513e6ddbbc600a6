import { randomUUID } from 'node:crypto';
import type { CompletionRequest } from '../contract/completion-request.js';
import type { TaskResult, TaskSnapshot } from '../contract/task.js';
import type { TaskTerms } from '../tasks/arguments.js';
import type { Assignment } from '../tasks/task-runner.js';

type EndListener = (result: TaskResult) => void;
type ChangeListener = (snapshot: TaskSnapshot) => void;

/** One task from submission to its end. Ends once; whatever comes later changes nothing. */
export class LocalTask {
  readonly id = randomUUID();
  readonly submittedAt = Date.now();
  readonly #controller = new AbortController();
  readonly #endListeners = new Set<EndListener>();
  readonly #changeListeners = new Set<ChangeListener>();
  #startedAt: number | null = null;
  #finishedAt: number | null = null;
  #result: TaskResult | null = null;
  /** Those who leave when they lose interest; the one who submitted it by hand never does. */
  #waiters = 0;
  #kept = false;

  constructor(
    readonly request: CompletionRequest,
    readonly terms: TaskTerms,
  ) {}

  /** The executor's signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get assignment(): Assignment {
    const { id: taskId, request, signal, terms } = this;
    return { taskId, request, signal, context: terms.context };
  }

  get priority(): number {
    return this.terms.priority;
  }

  /** Somebody holds the task's id: it goes on whoever else loses interest. */
  keep(): void {
    this.#kept = true;
  }

  /** Somebody waits for the task; answers a function to be called when they leave: is nobody left? */
  join(): () => boolean {
    this.#waiters += 1;
    return () => {
      this.#waiters -= 1;
      return this.#waiters === 0 && !this.#kept;
    };
  }

  start(): void {
    this.#startedAt = Date.now();
    this.#tell();
  }

  /** `false` when the task had ended before. */
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
    this.#tell();
    this.#changeListeners.clear();
    return true;
  }

  /** Tells the executor to stop. */
  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Calls `listener` at the end, or now if that has come; answers a function that takes it off again. */
  onEnd(listener: EndListener): () => void {
    if (this.#result) {
      listener(this.#result);
    } else {
      this.#endListeners.add(listener);
    }
    return () => this.#endListeners.delete(listener);
  }

  /** Calls `listener` with each change of status; answers a function that takes it off again. */
  onChange(listener: ChangeListener): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
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

  #tell(): void {
    if (this.#changeListeners.size === 0) {
      return;
    }
    const snapshot = Object.freeze(this.snapshot());
    for (const listener of this.#changeListeners) {
      listener(snapshot);
    }
  }
}
