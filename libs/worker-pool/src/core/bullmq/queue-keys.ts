const EVENT_LOG = ':pool:events';

/**
 * Names of keys in Redis. Those without `pool:` are BullMQ's own; all lie in one slot, because the prefix is in
 * braces. The fields `pool:…` of a task's hash are the pool's and are deleted when BullMQ removes the task.
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

  /** The events of a streamed task; also the name of the channel that announces them. */
  eventLog(taskId: string): string {
    return this.task(taskId) + EVENT_LOG;
  }

  /** The task of an event log. */
  taskOfEventLog(name: string): string {
    return name.slice(this.#base.length, -EVENT_LOG.length);
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

  /** Prefix of the keys in which BullMQ stores the task of each deduplication key. */
  get deduplication(): string {
    return `${this.#base}de:`;
  }

  /** Workers, scored by the time until which they count as alive. */
  get workers(): string {
    return `${this.#base}pool:workers`;
  }

  /** Concurrency and lingering tasks of each worker. */
  get workerFacts(): string {
    return `${this.#base}pool:worker-facts`;
  }

  /** Number of tasks that the living workers can run at once. */
  get capacity(): string {
    return `${this.#base}pool:capacity`;
  }

  /** Counters of ended tasks and the mean service time. */
  get counters(): string {
    return `${this.#base}pool:tallies`;
  }

  /** Channel that notifies workers of stopped tasks. */
  get stops(): string {
    return `${this.#base}pool:nudges`;
  }
}
