import type { TaskResult } from '../../contract/task.js';
import type { WorkerPoolError } from '../../errors/worker-pool.error.js';

/** How the run of a task ended early. */
export type Interruption =
  /** By its time limit; `told` says whether the queue knows of it already. */
  | { kind: 'timeout'; result: TaskResult; told: Promise<boolean> }
  /** Somebody has ended the task; its result is in the queue. */
  | { kind: 'stopped' }
  /** Another worker may have the task. */
  | { kind: 'lost' }
  /** This worker closes, and gives the task back. */
  | { kind: 'returned' };

/** A task that this worker holds. */
export class ClaimedTask {
  readonly #controller = new AbortController();
  /** Resolves when nobody waits for the executor any longer. */
  readonly whenLetGo: Promise<void>;
  letGo!: () => void;
  #interruption: Interruption | null = null;

  constructor(
    readonly taskId: string,
    readonly token: string,
  ) {
    this.whenLetGo = new Promise((resolve) => {
      this.letGo = resolve;
    });
  }

  /** The executor's signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get interruption(): Interruption | null {
    return this.#interruption;
  }

  /** The first interruption counts; a later one changes nothing. */
  interrupt(interruption: Interruption, reason: WorkerPoolError): void {
    if (this.#interruption) {
      return;
    }
    this.#interruption = interruption;
    this.#controller.abort(reason);
  }
}
