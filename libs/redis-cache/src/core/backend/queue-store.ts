/** A request that is reserved until its lease ends. */
export interface Reservation {
  /**
   * Identifies this delivery, not the request: once the lease has ended and the request was delivered again, this id
   * has no effect. So a consumer that was frozen cannot settle a request that another consumer works on.
   */
  id: string;
  /** The request as text; `''` for an entry that another program wrote. */
  request: string;
  /** How often the request was delivered, including this time, without the releases that did not count. */
  deliveries: number;
}

/** When a request becomes a dead letter, and how many dead letters are kept. */
export interface DeadLetterPolicy {
  /** A request that comes back after this many deliveries becomes a dead letter. */
  maxDeliveries: number;
  /** Above it the oldest dead letters are dropped. */
  maxDeadLetters: number;
}

/** How a request is released. */
export interface ReleaseSettings extends DeadLetterPolicy {
  /** How long the request stays unavailable, in milliseconds, 0 or more. */
  delayMs: number;
  /** Whether this delivery counts; one that does not never makes a dead letter. */
  counts: boolean;
  /** Makes the request a dead letter, whatever its deliveries. */
  rejects: boolean;
  /** Stored with the dead letter. */
  reason: string;
}

/** Result of a release; `lost`: the delivery had ended before, and nothing was changed. */
export type ReleaseResult = 'released' | 'dead' | 'lost';

/** Result of a replay; `unknown`: there is no such dead letter; `full`: the queue is full, and the dead letter stays. */
export type ReplayResult = 'replayed' | 'unknown' | 'full';

/** A request that failed for good. */
export interface StoredDeadLetter {
  id: string;
  request: string;
  deliveries: number;
  reason: string;
  /** Epoch milliseconds, by the clock of the store. */
  queuedAt: number;
  /** Epoch milliseconds, by the clock of the store. */
  diedAt: number;
}

/** How many requests a queue holds, by state. */
export interface QueueContents {
  /** Requests that are available now. */
  waiting: number;
  /** Requests that are reserved, or that were released with a delay that has not passed yet. */
  reserved: number;
  /** Dead letters. */
  dead: number;
  /** Bytes of the requests that wait or are reserved, as `maxBytes` of `push` counts them. */
  bytes: number;
  /** Age of the oldest waiting request, in milliseconds; `null` when none waits. */
  oldestAgeMs: number | null;
}

/**
 * Stores first-in, first-out queues of requests. Each method is atomic.
 *
 * A reserved request comes back when its lease ends. Requests that came back, released ones first, are delivered before
 * those that were never delivered.
 */
export interface QueueStore {
  /**
   * Appends the first requests, until `maxLength` wait or the next would not fit into `maxBytes`, which waiting and
   * reserved ones share (default: no limit). Returns how many were appended.
   */
  push(queue: string, requests: readonly string[], maxLength: number, maxBytes?: number): Promise<number>;
  /** Removes and returns the oldest requests, at most `count`; `''` for an entry that another program wrote. */
  shift(queue: string, count: number, policy: DeadLetterPolicy): Promise<string[]>;
  /** Reserves the oldest requests, at most `count`, each for `leaseMs` (at most `MAX_LEASE_MS`). */
  reserve(queue: string, count: number, leaseMs: number, policy: DeadLetterPolicy): Promise<Reservation[]>;
  /** Removes reserved requests. Returns for each id whether the delivery was still valid. */
  acknowledge(queue: string, ids: readonly string[]): Promise<boolean[]>;
  /** Sets leases to end `leaseMs` from now. Returns for each id whether the delivery was still valid. */
  extend(queue: string, ids: readonly string[], leaseMs: number): Promise<boolean[]>;
  /** Ends a reservation without removing the request. */
  release(queue: string, id: string, settings: ReleaseSettings): Promise<ReleaseResult>;
  /** How many requests wait. */
  length(queue: string): Promise<number>;
  contents(queue: string): Promise<QueueContents>;
  /** Returns those of the queues that hold requests, waiting or reserved, in one command where possible. */
  inUse(queues: readonly string[]): Promise<string[]>;
  /** Removes waiting and reserved requests; dead letters stay. */
  clear(queue: string): Promise<unknown>;
  /** Dead letters, the oldest first, at most `limit`; only those after the one with the id `after`, if given. */
  listDeadLetters(queue: string, limit: number, after?: string): Promise<StoredDeadLetter[]>;
  /** Moves a dead letter to the end of the queue, as a new request; limits as for `push`. */
  replayDeadLetter(queue: string, id: string, maxLength: number, maxBytes?: number): Promise<ReplayResult>;
  clearDeadLetters(queue: string): Promise<unknown>;
}

/** Receives notifications of requests that have become available. */
export interface ArrivalListener {
  /** A request came to a queue in which none waited, or was released. */
  arrived(queue: string): void;
  /** Notifications may have been missed: the connection is new. */
  maybeArrived(): void;
}

/** Notifies of requests as they become available. Notifications are lost while the connection is down. */
export interface ArrivalChannel {
  /** Starts listening, on a connection of its own. */
  listen(listener: ArrivalListener): void;
  /** Idempotent; never rejects. */
  close(): Promise<void>;
}

/** The longest lease: a day, in milliseconds. */
export const MAX_LEASE_MS = 86_400_000;
