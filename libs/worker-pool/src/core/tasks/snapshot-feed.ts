import type { TaskSnapshot } from '../contract/task.js';

/** Snapshots of one task on their way to one reader, however slowly it reads. */
export class SnapshotFeed {
  readonly #waiting: TaskSnapshot[] = [];
  #wake: (() => void) | undefined;
  #failure: { reason: unknown } | undefined;

  push(snapshot: TaskSnapshot): void {
    this.#waiting.push(snapshot);
    this.#wake?.();
  }

  /** The reader gets what is there already, then this error. */
  fail(reason: unknown): void {
    this.#failure ??= { reason };
    this.#wake?.();
  }

  /**
   * Ends after the snapshot of a task that has ended.
   *
   * @throws the signal's reason, when it aborts
   */
  async *read(signal?: AbortSignal): AsyncGenerator<TaskSnapshot, void, undefined> {
    const onAbort = (): void => this.#wake?.();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      for (;;) {
        const snapshot = await this.#next(signal);
        yield snapshot;
        if (snapshot.result) {
          return;
        }
      }
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #next(signal: AbortSignal | undefined): Promise<TaskSnapshot> {
    for (;;) {
      signal?.throwIfAborted();
      const snapshot = this.#waiting.shift();
      if (snapshot) {
        return snapshot;
      }
      if (this.#failure) {
        throw this.#failure.reason;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
  }
}
