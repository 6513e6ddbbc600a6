import type { PoolStats, TaskResult } from '../contract/task.js';

type Counts = Pick<PoolStats, 'completed' | 'failed' | 'timedOut' | 'killed' | 'rejected'>;

const COUNTER_OF = {
  completed: 'completed',
  failed: 'failed',
  timeout: 'timedOut',
  killed: 'killed',
} as const satisfies Record<TaskResult['status'], keyof Counts>;

/** How tasks ended since the pool was made. */
export class PoolCounters {
  readonly #counts: Counts = { completed: 0, failed: 0, timedOut: 0, killed: 0, rejected: 0 };

  ended({ status }: TaskResult): void {
    this.#counts[COUNTER_OF[status]] += 1;
  }

  rejected(): void {
    this.#counts.rejected += 1;
  }

  read(): Counts {
    return { ...this.#counts };
  }
}
