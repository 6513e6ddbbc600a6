import { randomUUID } from 'node:crypto';
import type { CompletionRequest } from '../completion-request.js';
import type { TaskResult, TaskSnapshot } from '../task.js';

type EndListener = (result: TaskResult) => void;

/** One task from submission to its end. Ends once; whatever comes later changes nothing. */
export class LocalTask {
  readonly id = randomUUID();
  readonly #submittedAt = Date.now();
  readonly #controller = new AbortController();
  readonly #endListeners = new Set<EndListener>();
  #startedAt: number | null = null;
  #finishedAt: number | null = null;
  #result: TaskResult | null = null;

  constructor(
    readonly request: CompletionRequest,
    /** Time limit of the run, in milliseconds. */
    readonly timeoutMs: number,
  ) {}

  /** The executor's signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(): void {
    this.#startedAt = Date.now();
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

  snapshot(): TaskSnapshot {
    return {
      taskId: this.id,
      status: this.#result?.status ?? (this.#startedAt === null ? 'pending' : 'running'),
      submittedAt: this.#submittedAt,
      startedAt: this.#startedAt,
      finishedAt: this.#finishedAt,
      result: this.#result,
    };
  }
}
