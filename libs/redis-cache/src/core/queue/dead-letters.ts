import type { ReplayResult, StoredDeadLetter } from '../backend/queue-store.js';
import type { QueueContext } from './queue-core.js';
import { decodeRequest } from './request-codec.js';

/** A request that failed for good. */
export interface DeadLetter<T = unknown> {
  /** For `replayDeadLetter`, and for `after` of `listDeadLetters`. */
  id: string;
  /** `null` when the request is not valid JSON, above `maxRequestBytes`, or nested too deeply. */
  data: T | null;
  /** How often the request was delivered. */
  deliveries: number;
  /** What the last consumer gave as the reason, or that its lease ended. */
  reason: string;
  /** Epoch milliseconds, by the clock of Redis. */
  queuedAt: number;
  /** Epoch milliseconds, by the clock of Redis. */
  diedAt: number;
}

/**
 * - `replayed`: the request is in the queue again
 * - `unknown`: there is no dead letter with this id
 * - `full`: `queue.maxLength` requests wait, or it does not fit into `queue.maxBytes`; the dead letter stays
 * - `unconfirmed`: Redis is unavailable or refuses writes
 */
export type ReplayOutcome = ReplayResult | 'unconfirmed';

/** The dead letters of one queue. */
export class DeadLetters {
  constructor(private readonly context: QueueContext) {}

  async list<T>(limit: number, after?: string): Promise<DeadLetter<T>[]> {
    const { guard, store, name } = this.context;
    const list = (): Promise<StoredDeadLetter[]> => store.listDeadLetters(name, limit, after);
    const letters = await guard.run<StoredDeadLetter[], StoredDeadLetter[]>(list, []);
    return letters.map((letter) => this.#decode<T>(letter));
  }

  async replay(id: string): Promise<ReplayOutcome> {
    const { guard, store, name, maxLength, maxBytes } = this.context;
    let result: ReplayResult = 'unknown';
    const wrote = await guard.runWrite(async () => {
      result = await store.replayDeadLetter(name, id, maxLength, maxBytes);
      return result === 'replayed';
    }, null);
    return wrote === null ? 'unconfirmed' : result;
  }

  #decode<T>({ request, ...rest }: StoredDeadLetter): DeadLetter<T> {
    const decoded = decodeRequest(request, this.context);
    return { ...rest, data: 'value' in decoded ? (decoded.value as T) : null };
  }

  async clear(): Promise<boolean> {
    const { guard, store, name } = this.context;
    return guard.run(() => store.clearDeadLetters(name).then(() => true), false);
  }
}
