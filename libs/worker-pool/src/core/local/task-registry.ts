import { LRUCache } from 'lru-cache';
import type { PoolStats, TaskResult, TaskSnapshot } from '../contract/task.js';
import type { LocalTask } from './local-task.js';

/** Limits of the kept results. */
export interface RegistryLimits {
  /** Milliseconds. */
  resultTtlMs: number;
  maxResults: number;
}

/**
 * All tasks by id: the active ones, and the results of ended ones for a limited time and number. Of an ended task
 * only the snapshot is kept, not the request.
 */
export class TaskRegistry {
  readonly #active = new Map<string, LocalTask>();
  /** Active tasks by deduplication key. */
  readonly #byKey = new Map<string, LocalTask>();
  readonly #ended: LRUCache<string, TaskSnapshot>;

  constructor({ resultTtlMs, maxResults }: RegistryLimits) {
    this.#ended = new LRUCache({
      max: maxResults,
      ttl: resultTtlMs,
      ttlResolution: 0,
      ttlAutopurge: true,
      // Looked up at every call: otherwise lru-cache keeps the clock object that it found when it was loaded.
      perf: { now: () => performance.now() },
    });
  }

  /** Number of tasks that have not ended. */
  get activeCount(): number {
    return this.#active.size;
  }

  add(task: LocalTask): void {
    this.#active.set(task.id, task);
    const { deduplicationKey } = task.options;
    if (deduplicationKey !== undefined) {
      this.#byKey.set(deduplicationKey, task);
    }
  }

  /** Moves a task that has just ended to the kept results. */
  retire(task: LocalTask): void {
    this.#active.delete(task.id);
    const { deduplicationKey } = task.options;
    if (deduplicationKey !== undefined) {
      this.#byKey.delete(deduplicationKey);
    }
    this.#ended.set(task.id, Object.freeze(task.snapshot()));
  }

  findActive(taskId: string): LocalTask | undefined {
    return this.#active.get(taskId);
  }

  /** The active task with this deduplication key. */
  findByKey(deduplicationKey: string | undefined): LocalTask | undefined {
    return deduplicationKey === undefined ? undefined : this.#byKey.get(deduplicationKey);
  }

  listActive(): LocalTask[] {
    return [...this.#active.values()];
  }

  snapshot(taskId: string): TaskSnapshot | undefined {
    return this.#active.get(taskId)?.snapshot() ?? this.#ended.get(taskId);
  }
}

type Counts = Pick<PoolStats, 'completed' | 'failed' | 'timedOut' | 'killed' | 'rejected'>;

const COUNTER_OF = {
  completed: 'completed',
  failed: 'failed',
  timeout: 'timedOut',
  killed: 'killed',
} as const satisfies Record<TaskResult['status'], keyof Counts>;

/** Outcomes of tasks since the pool was created. */
export class TaskCounters {
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
