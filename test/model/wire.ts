import type { Place, VirtualTime } from './virtual-time.js';

/**
 * What may go wrong with one command.
 * - `refused`: an error reply; it is not applied
 * - `lost`: the connection breaks before it is applied
 * - `unconfirmed`: the connection breaks after it is applied
 * - `silent`: it is applied, and no reply ever comes
 * - `dies`, `died`: its process dies before it is sent, or right after
 * - `freezes`: its process freezes right after it is sent
 */
export type Fault = 'refused' | 'lost' | 'unconfirmed' | 'silent' | 'dies' | 'died' | 'freezes';

/** Longest way of a command to Redis, and of its reply back. */
export const MAX_LATENCY_MS = 8;

/**
 * The connections of a node, one after the other. Commands of a connection are applied in their order; each takes a moment to
 * get there, and its reply back.
 */
export class Wire {
  #appliedAt = 0;
  #repliedAt = 0;
  /** Number of the connection. What was sent over a former one gets no reply. */
  #epoch = 0;

  constructor(
    private readonly place: Place,
    private readonly time: VirtualTime,
  ) {}

  /** The connection breaks; the next command opens another one. */
  break(): void {
    this.#epoch += 1;
  }

  /** Sends a command; returns when it gets to Redis. */
  send(): number {
    const { time } = this;
    this.#appliedAt = Math.max(this.#appliedAt, time.now + time.random() * MAX_LATENCY_MS);
    return this.#appliedAt;
  }

  /** Resolves to the reply of the command that was sent last. */
  reply<T>(apply: () => Promise<T>): Promise<T> {
    const { time } = this;
    const epoch = this.#epoch;
    return new Promise((resolve, reject) => {
      const receive = (action: () => void): void => this.#receive(epoch, action, reject);
      time.later(this.#appliedAt, () => {
        if (this.#epoch !== epoch) return time.deliver(this.place, () => reject(broken()));
        apply().then(
          (value) => receive(() => resolve(value)),
          (error: unknown) => receive(() => reject(error as Error)),
        );
      });
    });
  }

  #receive(epoch: number, action: () => void, reject: (error: Error) => void): void {
    const { time } = this;
    this.#repliedAt = Math.max(this.#repliedAt, time.now + time.random() * MAX_LATENCY_MS);
    time.later(this.#repliedAt, () => {
      time.deliver(this.place, this.#epoch === epoch ? action : () => reject(broken()));
    });
  }

  /** A command fails with its connection, which breaks at that time: `onBreak` is called then. */
  failAt<T>(at: number, onBreak: () => void): Promise<T> {
    const { time } = this;
    return new Promise((_resolve, reject) => {
      time.later(at, () => {
        time.deliver(this.place, () => reject(broken()));
        onBreak();
      });
    });
  }
}

/** As ioredis passes on an error reply. */
export class Refusal extends Error {
  override readonly name = 'ReplyError';

  constructor() {
    super('ERR refused');
  }
}

export function never<T>(): Promise<T> {
  return new Promise(() => {});
}

export function broken(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
}
