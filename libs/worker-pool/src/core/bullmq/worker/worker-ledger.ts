import type { TaskResult } from '../../contract/task.js';

/** What a worker has done since it last told. */
export interface LedgerPage {
  completed: number;
  failed: number;
  timedOut: number;
  /** How many runs ended, and how long they took together, in milliseconds. */
  ended: number;
  serviceMs: number;
}

const blank = (): LedgerPage => ({ completed: 0, failed: 0, timedOut: 0, ended: 0, serviceMs: 0 });

/** Counts what is told to Redis every second rather than with each task. */
export class WorkerLedger {
  #page = blank();

  ran(durationMs: number): void {
    this.#page.ended += 1;
    this.#page.serviceMs += durationMs;
  }

  /** What is killed is counted where it is killed. */
  ended({ status }: TaskResult): void {
    this.#page.completed += Number(status === 'completed');
    this.#page.failed += Number(status === 'failed');
    this.#page.timedOut += Number(status === 'timeout');
  }

  /** What was counted, and starts anew. */
  take(): LedgerPage {
    const page = this.#page;
    this.#page = blank();
    return page;
  }

  /** What was taken could not be told. */
  putBack(page: LedgerPage): void {
    for (const name of Object.keys(page) as (keyof LedgerPage)[]) {
      this.#page[name] += page[name];
    }
  }
}
