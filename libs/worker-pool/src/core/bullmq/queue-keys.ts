/**
 * Names in Redis. Those without `pool:` are BullMQ's own; all lie in one slot, because the prefix is in braces.
 * The fields `pool:…` of a task's hash are this pool's, and go when BullMQ removes the task.
 */
export class QueueKeys {
  /** BullMQ's `prefix` option. */
  readonly prefix: string;
  readonly #base: string;

  constructor({ keyPrefix, queueName }: { keyPrefix: string; queueName: string }) {
    this.prefix = `{${keyPrefix}}`;
    this.#base = `${this.prefix}:${queueName}:`;
  }

  task(taskId: string): string {
    return this.#base + taskId;
  }

  get wait(): string {
    return `${this.#base}wait`;
  }

  get prioritized(): string {
    return `${this.#base}prioritized`;
  }

  get active(): string {
    return `${this.#base}active`;
  }

  get completed(): string {
    return `${this.#base}completed`;
  }

  get events(): string {
    return `${this.#base}events`;
  }

  get meta(): string {
    return `${this.#base}meta`;
  }

  /** Start of the keys under which BullMQ notes who has a deduplication key. */
  get deduplication(): string {
    return `${this.#base}de:`;
  }

  /** Workers by the time until which they count as alive. */
  get workers(): string {
    return `${this.#base}pool:workers`;
  }

  /** What each worker says of itself. */
  get workerFacts(): string {
    return `${this.#base}pool:worker-facts`;
  }

  /** How many tasks the living workers can run at once. */
  get capacity(): string {
    return `${this.#base}pool:capacity`;
  }

  /** How tasks ended, and how long they took. */
  get tallies(): string {
    return `${this.#base}pool:tallies`;
  }

  /** The channel on which workers hear that one of their tasks was stopped. */
  get nudges(): string {
    return `${this.#base}pool:nudges`;
  }
}
