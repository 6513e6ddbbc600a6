import { LRUCache } from 'lru-cache';
import type { TaskSnapshot } from '../contract/task.js';
import type { LocalTask } from './local-task.js';

/** Bounds of what is kept of ended tasks. */
export interface RegistryLimits {
  /** Milliseconds. */
  resultTtlMs: number;
  maxResults: number;
}

/**
 * All tasks by id: those that have not ended, and for a bounded time and number what became of the others.
 * Of an ended task only the snapshot stays: results are kept for minutes, prompts are not.
 */
export class TaskRegistry {
  readonly #active = new Map<string, LocalTask>();
  /** Those of them that were submitted under a deduplication key. */
  readonly #byKey = new Map<string, LocalTask>();
  readonly #ended: LRUCache<string, TaskSnapshot>;

  constructor({ resultTtlMs, maxResults }: RegistryLimits) {
    this.#ended = new LRUCache({
      max: maxResults,
      ttl: resultTtlMs,
      ttlResolution: 0,
      ttlAutopurge: true,
      // Read at every call: lru-cache otherwise keeps the clock object it found when it was loaded.
      perf: { now: () => performance.now() },
    });
  }

  /** Tasks that have not ended. */
  get activeCount(): number {
    return this.#active.size;
  }

  add(task: LocalTask): void {
    this.#active.set(task.id, task);
    const { deduplicationKey } = task.terms;
    if (deduplicationKey !== undefined) {
      this.#byKey.set(deduplicationKey, task);
    }
  }

  /** Moves a task that has just ended to the kept results. */
  retire(task: LocalTask): void {
    this.#active.delete(task.id);
    const { deduplicationKey } = task.terms;
    if (deduplicationKey !== undefined) {
      this.#byKey.delete(deduplicationKey);
    }
    this.#ended.set(task.id, Object.freeze(task.snapshot()));
  }

  findActive(taskId: string): LocalTask | undefined {
    return this.#active.get(taskId);
  }

  /** The task that was submitted under this key and has not ended. */
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
