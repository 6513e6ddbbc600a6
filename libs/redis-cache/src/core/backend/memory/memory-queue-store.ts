import type {
  ArrivalChannel,
  ArrivalListener,
  DeadLetterPolicy,
  QueueContents,
  QueueStore,
  ReleaseResult,
  ReleaseSettings,
  ReplayResult,
  Reservation,
  StoredDeadLetter,
} from '../queue-store.js';
import { type Item, MemoryQueue } from './memory-queue.js';

/** Queues in the memory of this process. */
export class MemoryQueueStore implements QueueStore {
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #deadLetters = new Map<string, StoredDeadLetter[]>();
  readonly #listeners = new Set<ArrivalListener>();
  #lastDeadLetterId = 0;

  /** @param now epoch milliseconds of a clock that never goes back */
  constructor(private readonly now: () => number) {}

  /** Notifies synchronously. */
  readonly arrivals: ArrivalChannel = {
    listen: (listener) => void this.#listeners.add(listener),
    close: async () => this.#listeners.clear(),
  };

  async push(
    queue: string,
    requests: readonly string[],
    maxLength: number,
    maxBytes = Infinity,
  ): Promise<number> {
    const target = this.#queue(queue);
    const hadNone = target.hasNoNew;
    const room = Math.min(requests.length, maxLength - target.waiting);
    let pushed = 0;
    while (pushed < room && target.push(requests[pushed]!, maxBytes)) pushed += 1;
    if (hadNone && pushed > 0) this.#notify(queue);
    return pushed;
  }

  async shift(queue: string, count: number, policy: DeadLetterPolicy): Promise<string[]> {
    return this.#queue(queue).shift(count, policy);
  }

  async reserve(
    queue: string,
    count: number,
    leaseMs: number,
    policy: DeadLetterPolicy,
  ): Promise<Reservation[]> {
    return this.#queue(queue).reserve(count, leaseMs, policy);
  }

  async acknowledge(queue: string, ids: readonly string[]): Promise<boolean[]> {
    return ids.map((id) => this.#queue(queue).acknowledge(id));
  }

  async extend(queue: string, ids: readonly string[], leaseMs: number): Promise<boolean[]> {
    return ids.map((id) => this.#queue(queue).extend(id, leaseMs));
  }

  async release(queue: string, id: string, settings: ReleaseSettings): Promise<ReleaseResult> {
    const result = this.#queue(queue).release(id, settings);
    if (result === 'released' && settings.delayMs === 0) this.#notify(queue);
    return result;
  }

  async length(queue: string): Promise<number> {
    return this.#queue(queue).waiting;
  }

  async contents(queue: string): Promise<QueueContents> {
    return { ...this.#queue(queue).contents(), dead: this.#deadLettersOf(queue).length };
  }

  async inUse(queues: readonly string[]): Promise<string[]> {
    return queues.filter((queue) => this.#queues.get(queue)?.isInUse);
  }

  async clear(queue: string): Promise<void> {
    this.#queues.get(queue)?.clear();
  }

  async listDeadLetters(queue: string, limit: number, after?: string): Promise<StoredDeadLetter[]> {
    const letters = this.#deadLettersOf(queue);
    // Compared rather than looked up: the letter `after` may have been removed since.
    return letters.filter(({ id }) => after === undefined || Number(id) > Number(after)).slice(0, limit);
  }

  async replayDeadLetter(
    queue: string,
    id: string,
    maxLength: number,
    maxBytes = Infinity,
  ): Promise<ReplayResult> {
    const letters = this.#deadLettersOf(queue);
    const at = letters.findIndex((letter) => letter.id === id);
    const target = this.#queue(queue);
    if (at < 0) return 'unknown';
    if (target.waiting >= maxLength || !target.push(letters[at]!.request, maxBytes)) return 'full';
    letters.splice(at, 1);
    this.#notify(queue);
    return 'replayed';
  }

  async clearDeadLetters(queue: string): Promise<void> {
    this.#deadLetters.delete(queue);
  }

  #addDeadLetter(queue: string, item: Item, reason: string, maxDeadLetters: number): void {
    const { request, deliveries, queuedAt } = item;
    this.#lastDeadLetterId += 1;
    const id = String(this.#lastDeadLetterId);
    const letters = this.#deadLettersOf(queue);
    letters.push({ id, request, deliveries, reason, queuedAt, diedAt: this.now() });
    letters.splice(0, letters.length - maxDeadLetters);
    this.#deadLetters.set(queue, letters);
  }

  #deadLettersOf(queue: string): StoredDeadLetter[] {
    return this.#deadLetters.get(queue) ?? [];
  }

  #queue(name: string): MemoryQueue {
    const existing = this.#queues.get(name);
    if (existing) return existing;
    const created = new MemoryQueue(this.now, (...letter) => this.#addDeadLetter(name, ...letter));
    this.#queues.set(name, created);
    return created;
  }

  #notify(queue: string): void {
    for (const listener of this.#listeners) listener.arrived(queue);
  }
}
