import { isSealed, type TextSealer } from '../../encryption/text-sealer.js';
import type {
  DeadLetterPolicy,
  QueueContents,
  QueueStore,
  ReleaseResult,
  ReleaseSettings,
  ReplayResult,
  Reservation,
  StoredDeadLetter,
} from '../queue-store.js';

/** How long a request stays reserved while `shift` decrypts it. */
const SHIFT_LEASE_MS = 30_000;
/** When a request that this process cannot decrypt is delivered again, perhaps to one that can. */
const UNREADABLE_DELAY_MS = 1_000;
const UNREADABLE = 'it could not be decrypted';

/**
 * Encrypts requests, and the reasons of dead letters. A request that cannot be decrypted is never removed: it is delivered
 * again after a second, and becomes a dead letter after `maxDeliveries`, which can be replayed once its key is known.
 */
export class SealedQueueStore implements QueueStore {
  constructor(
    private readonly inner: QueueStore,
    private readonly texts: TextSealer,
  ) {}

  push(queue: string, requests: readonly string[], maxLength: number, maxBytes?: number): Promise<number> {
    const sealed = requests.map((request) => this.texts.seal('request', queue, request));
    return this.inner.push(queue, sealed, maxLength, maxBytes);
  }

  /** Reserves, decrypts, then removes: what cannot be decrypted must stay in the queue. */
  async shift(queue: string, count: number, policy: DeadLetterPolicy): Promise<string[]> {
    const reserved = await this.reserve(queue, count, SHIFT_LEASE_MS, policy);
    if (reserved.length === 0) return [];
    const ids = reserved.map(({ id }) => id);
    const removed = await this.inner.acknowledge(queue, ids);
    return reserved.filter((_, index) => removed[index]).map(({ request }) => request);
  }

  /** Repeats until a request can be read, so that an empty result always means that none was available. */
  async reserve(
    queue: string,
    count: number,
    leaseMs: number,
    policy: DeadLetterPolicy,
  ): Promise<Reservation[]> {
    for (;;) {
      const reserved = await this.inner.reserve(queue, count, leaseMs, policy);
      const opened = reserved.map((one) => ({ ...one, plain: this.#open(queue, one.request) }));
      const refused = opened.filter(({ plain }) => plain === null);
      await Promise.all(refused.map(({ id }) => this.#putOff(queue, id, policy)));
      const readable = opened.flatMap(({ plain, ...one }) =>
        plain === null ? [] : [{ ...one, request: plain }],
      );
      if (readable.length > 0 || reserved.length === 0) return readable;
    }
  }

  acknowledge(queue: string, ids: readonly string[]): Promise<boolean[]> {
    return this.inner.acknowledge(queue, ids);
  }

  extend(queue: string, ids: readonly string[], leaseMs: number): Promise<boolean[]> {
    return this.inner.extend(queue, ids, leaseMs);
  }

  release(queue: string, id: string, settings: ReleaseSettings): Promise<ReleaseResult> {
    const { reason } = settings;
    const sealed = reason === '' ? reason : this.texts.seal('reason', queue, reason);
    return this.inner.release(queue, id, { ...settings, reason: sealed });
  }

  length(queue: string): Promise<number> {
    return this.inner.length(queue);
  }

  contents(queue: string): Promise<QueueContents> {
    return this.inner.contents(queue);
  }

  inUse(queues: readonly string[]): Promise<string[]> {
    return this.inner.inUse(queues);
  }

  clear(queue: string): Promise<unknown> {
    return this.inner.clear(queue);
  }

  /** The request of a dead letter that cannot be decrypted is empty. */
  async listDeadLetters(queue: string, limit: number, after?: string): Promise<StoredDeadLetter[]> {
    const letters = await this.inner.listDeadLetters(queue, limit, after);
    return letters.map((letter) => this.#openLetter(queue, letter));
  }

  replayDeadLetter(queue: string, id: string, maxLength: number, maxBytes?: number): Promise<ReplayResult> {
    return this.inner.replayDeadLetter(queue, id, maxLength, maxBytes);
  }

  clearDeadLetters(queue: string): Promise<unknown> {
    return this.inner.clearDeadLetters(queue);
  }

  /** An entry that another program wrote is empty, and stays so. */
  #open(queue: string, request: string): string | null {
    return request === '' ? '' : this.texts.open('request', queue, request);
  }

  // Redis itself writes reasons as well, such as that a lease ended.
  #openLetter(queue: string, letter: StoredDeadLetter): StoredDeadLetter {
    const request = this.#open(queue, letter.request) ?? '';
    if (!isSealed(letter.reason)) return { ...letter, request };
    return { ...letter, request, reason: this.texts.open('reason', queue, letter.reason) ?? UNREADABLE };
  }

  #putOff(queue: string, id: string, policy: DeadLetterPolicy): Promise<ReleaseResult> {
    const settings = { delayMs: UNREADABLE_DELAY_MS, counts: true, rejects: false, reason: UNREADABLE };
    return this.inner.release(queue, id, { ...policy, ...settings });
  }
}
