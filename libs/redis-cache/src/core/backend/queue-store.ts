/** A request that was handed out, and is to be acknowledged, released or extended by its `id`. */
export interface Reservation {
  /**
   * Names this one delivery, not the request: once its lease has ended and the request was handed out again,
   * the former id has no effect, which is what keeps a consumer that was frozen from ending what another
   * consumer works on.
   */
  id: string;
  /** `''` for a foreign thing. */
  request: string;
  /** How often it was handed out, this time included, less the releases that did not count. */
  deliveries: number;
}

/** When a request has failed for good, and how many of these are kept. */
export interface DeadLetterPolicy {
  /** A request that comes back after so many deliveries goes to the dead letters. */
  maxDeliveries: number;
  /** Above it the oldest dead letters give way. */
  maxDeadLetters: number;
}

/** How a request is given back. */
export interface ReleaseSettings extends DeadLetterPolicy {
  /** How long it stays out of reach, in milliseconds, 0 or more. */
  delayMs: number;
  /** Whether this delivery counts; one that does not never makes a dead letter. */
  counts: boolean;
  /** Makes it a dead letter, whatever its deliveries. */
  rejects: boolean;
  /** Why, for the dead letters. */
  reason: string;
}

/** What became of a release; `lost`: the delivery had ended before, and nothing was done. */
export type ReleaseResult = 'released' | 'dead' | 'lost';

/** What became of a replay; `unknown`: there is no such dead letter; `full`: no room, and it stays where it is. */
export type ReplayResult = 'replayed' | 'unknown' | 'full';

/** A request that failed for good. */
export interface StoredDeadLetter {
  id: string;
  request: string;
  deliveries: number;
  reason: string;
  /** Epoch milliseconds, by the clock of the store. */
  queuedAt: number;
  diedAt: number;
}

/** What a queue holds. */
export interface QueueContents {
  /** Requests that can be had now. */
  waiting: number;
  /** Requests that are handed out, or were given back with a delay that is not over. */
  reserved: number;
  dead: number;
  /** Age of the oldest that waits, in milliseconds; `null` when none does. */
  oldestAgeMs: number | null;
}

/**
 * Keeps requests, first in, first out. Each method is one step, whoever else works on the queue.
 *
 * What is handed out comes back by itself when its lease is over. What has come back, released ones first,
 * goes before what was never handed out.
 */
export interface QueueStore {
  /** Appends as many, from the first on, as there is room for until `maxLength` wait. Answers how many. */
  push(queue: string, requests: readonly string[], maxLength: number): Promise<number>;
  /** Removes and answers the oldest requests, at most `count`; `''` for a foreign thing, removed as well. */
  shift(queue: string, count: number, terms: DeadLetterPolicy): Promise<string[]>;
  /** Hands out the oldest requests, at most `count`, each for `leaseMs` (at most `MAX_LEASE_MS`). */
  reserve(queue: string, count: number, leaseMs: number, terms: DeadLetterPolicy): Promise<Reservation[]>;
  /** Removes requests that were handed out. Answers for each whether its delivery still stood. */
  acknowledge(queue: string, ids: readonly string[]): Promise<boolean[]>;
  /** Lets leases end `leaseMs` from now. Answers for each whether its delivery still stood. */
  extend(queue: string, ids: readonly string[], leaseMs: number): Promise<boolean[]>;
  /** Gives a request back. */
  release(queue: string, id: string, terms: ReleaseSettings): Promise<ReleaseResult>;
  /** How many wait. */
  length(queue: string): Promise<number>;
  contents(queue: string): Promise<QueueContents>;
  /** Removes what waits and what is handed out; dead letters stay. */
  clear(queue: string): Promise<unknown>;
  /** Dead letters, the oldest first, at most `limit`; behind the one with the id `after`, if given. */
  listDeadLetters(queue: string, limit: number, after?: string): Promise<StoredDeadLetter[]>;
  /** Appends a dead letter to the queue again, as if it were new. */
  replayDeadLetter(queue: string, id: string, maxLength: number): Promise<ReplayResult>;
  clearDeadLetters(queue: string): Promise<unknown>;
}

/** Hears of requests that can be had. */
export interface ArrivalListener {
  /** A request came to a queue in which none waited, or was given back. */
  arrived(queue: string): void;
  /** Some may have come unheard: the connection is new. */
  maybeArrived(): void;
}

/** Tells of requests as they come, as long as its connection stands; nothing is kept for later. */
export interface ArrivalChannel {
  /** Begins to listen, on a connection of its own. */
  listen(listener: ArrivalListener): void;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}

/** The longest lease: a day, in milliseconds. */
export const MAX_LEASE_MS = 86_400_000;
