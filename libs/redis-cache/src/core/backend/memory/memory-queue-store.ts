import type {
  ArrivalChannel,
  ArrivalListener,
  StoredDeadLetter,
  DeadLetterPolicy,
  QueueContents,
  QueueStore,
  ReleaseResult,
  ReplayResult,
  ReleaseSettings,
  Reservation,
} from '../queue-store.js';
import { type Item, MemoryQueue } from './memory-queue.js';

/** Queues in this process; gone with it. */
export class MemoryQueueStore implements QueueStore {
  readonly #queues = new Map<string, MemoryQueue>();
  readonly #dead = new Map<string, StoredDeadLetter[]>();
  readonly #listeners = new Set<ArrivalListener>();
  #deadLetters = 0;

  /** @param now epoch milliseconds of a clock that never goes back */
  constructor(private readonly now: () => number) {}

  /** Hears of what comes, at once. */
  readonly arrivals: ArrivalChannel = {
    listen: (listener) => void this.#listeners.add(listener),
    close: async () => this.#listeners.clear(),
  };

  async push(queue: string, requests: readonly string[], maxLength: number): Promise<number> {
    const target = this.#queue(queue);
    const accepted = requests.slice(0, Math.max(0, maxLength - target.waiting));
    const news = accepted.map((request) => target.push(request));
    if (news[0]) this.#tell(queue);
    return accepted.length;
  }

  async shift(queue: string, count: number, terms: DeadLetterPolicy): Promise<string[]> {
    return this.#queue(queue).shift(count, terms);
  }

  async reserve(
    queue: string,
    count: number,
    leaseMs: number,
    terms: DeadLetterPolicy,
  ): Promise<Reservation[]> {
    return this.#queue(queue).reserve(count, leaseMs, terms);
  }

  async acknowledge(queue: string, ids: readonly string[]): Promise<boolean[]> {
    return ids.map((id) => this.#queue(queue).acknowledge(id));
  }

  async extend(queue: string, ids: readonly string[], leaseMs: number): Promise<boolean[]> {
    return ids.map((id) => this.#queue(queue).extend(id, leaseMs));
  }

  async release(queue: string, id: string, terms: ReleaseSettings): Promise<ReleaseResult> {
    const released = this.#queue(queue).release(id, terms);
    if (released === 'released' && terms.delayMs === 0) this.#tell(queue);
    return released;
  }

  async length(queue: string): Promise<number> {
    return this.#queue(queue).waiting;
  }

  async contents(queue: string): Promise<QueueContents> {
    return { ...this.#queue(queue).contents(), dead: this.#deadOf(queue).length };
  }

  async clear(queue: string): Promise<void> {
    this.#queues.get(queue)?.clear();
  }

  async listDeadLetters(queue: string, limit: number, after?: string): Promise<StoredDeadLetter[]> {
    const letters = this.#deadOf(queue);
    // Numbers of dead letters rise, also past those that are gone.
    return letters.filter(({ id }) => after === undefined || Number(id) > Number(after)).slice(0, limit);
  }

  async replayDeadLetter(queue: string, id: string, maxLength: number): Promise<ReplayResult> {
    const letters = this.#deadOf(queue);
    const at = letters.findIndex((letter) => letter.id === id);
    const target = this.#queue(queue);
    if (at < 0) return 'unknown';
    if (target.waiting >= maxLength) return 'full';
    const [letter] = letters.splice(at, 1);
    target.push(letter!.request);
    this.#tell(queue);
    return 'replayed';
  }

  async clearDeadLetters(queue: string): Promise<void> {
    this.#dead.delete(queue);
  }

  #bury(
    queue: string,
    { request, deliveries, queuedAt }: Item,
    reason: string,
    maxDeadLetters: number,
  ): void {
    this.#deadLetters += 1;
    const id = String(this.#deadLetters);
    const letters = this.#deadOf(queue);
    letters.push({ id, request, deliveries, reason, queuedAt, diedAt: this.now() });
    letters.splice(0, letters.length - maxDeadLetters);
    this.#dead.set(queue, letters);
  }

  #deadOf(queue: string): StoredDeadLetter[] {
    return this.#dead.get(queue) ?? [];
  }

  #queue(name: string): MemoryQueue {
    const known = this.#queues.get(name);
    if (known) return known;
    const bury = (item: Item, reason: string, maxDeadLetters: number): void =>
      this.#bury(name, item, reason, maxDeadLetters);
    const created = new MemoryQueue(this.now, bury);
    this.#queues.set(name, created);
    return created;
  }

  #tell(queue: string): void {
    for (const listener of this.#listeners) listener.arrived(queue);
  }
}
