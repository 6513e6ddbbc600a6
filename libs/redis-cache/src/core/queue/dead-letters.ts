import type { StoredDeadLetter, Replayed } from '../backend/queue-store.js';
import type { QueueParts } from './queue-parts.js';
import { requestIn } from './request-codec.js';

/** A request that failed for good. */
export interface DeadLetter<T = unknown> {
  /** For `replayDeadLetter` and `after`. */
  id: string;
  /** `null` when it is not readable as JSON. */
  data: T | null;
  /** How often it was handed out. */
  deliveries: number;
  /** What the last consumer said, or why there was none to say it. */
  reason: string;
  /** Epoch milliseconds, by the clock of Redis. */
  queuedAt: number;
  diedAt: number;
}

/** What became of a replay. */
export type ReplayOutcome = Replayed | 'unconfirmed';

/** The dead letters of a queue. */
export class DeadLetters {
  constructor(private readonly parts: QueueParts) {}

  async list<T>(limit: number, after?: string): Promise<DeadLetter<T>[]> {
    const { guard, store, name } = this.parts;
    const letters = await guard.run<StoredDeadLetter[], StoredDeadLetter[]>(
      () => store.listDeadLetters(name, limit, after),
      [],
    );
    return letters.map((letter) => toDeadLetter<T>(letter));
  }

  async replay(id: string): Promise<ReplayOutcome> {
    const { guard, store, name, maxLength } = this.parts;
    let replayed: Replayed = 'unknown';
    const confirmed = await guard.runWrite(async () => {
      replayed = await store.replayDeadLetter(name, id, maxLength);
      return replayed === 'replayed';
    }, null);
    return confirmed === null ? 'unconfirmed' : replayed;
  }

  async clear(): Promise<boolean> {
    const { guard, store, name } = this.parts;
    return guard.run(() => store.clearDeadLetters(name).then(() => true), false);
  }
}

function toDeadLetter<T>({ request, ...rest }: StoredDeadLetter): DeadLetter<T> {
  return { ...rest, data: requestIn<T>(request) ?? null };
}
