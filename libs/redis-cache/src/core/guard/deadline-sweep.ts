import type { ProcessHold } from '../connection/process-hold.js';

/** Ticks per deadline: a deadline is precise to one eighth. */
const TICKS_PER_DEADLINE = 8;

/** An operation that waits for its reply: a node of the linked list of all waiting operations, oldest first. */
export class OutstandingCall {
  before: OutstandingCall | null = null;
  after: OutstandingCall | null = null;
  waits = true;

  constructor(
    /** When its time began. */
    readonly since: number,
    /** When it was sent: later, if it is not the first step of what a caller waits for. */
    readonly startedAtTick: number,
    readonly repliesAtStart: number,
    readonly expire: () => void,
  ) {}
}

export interface DeadlineSweepOptions {
  /** An operation expires after seven eighths to all of this, in milliseconds. */
  deadlineMs: number;
  /** While it does not hold the process, waiting operations do. Default: it does. */
  hold?: ProcessHold;
  /** One operation expired. */
  onTimeout: () => void;
  /** A whole deadline passed with operations outstanding and not one reply. */
  onSilence: () => void;
}

/**
 * One coarse timer for all operations of a connection, instead of a timer per operation. It counts
 * its own ticks rather than reading a clock, so that a blocked event loop, which leaves replies unread
 * in the socket, does not look like a silent server. It stops when idle.
 */
export class DeadlineSweep {
  #first: OutstandingCall | null = null;
  #last: OutstandingCall | null = null;
  #size = 0;
  #ticks = 0;
  #replies = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped: (() => void) | undefined;

  constructor(private readonly options: DeadlineSweepOptions) {}

  get size(): number {
    return this.#size;
  }

  /** Now, in ticks. */
  get moment(): number {
    return this.#ticks;
  }

  /** Whether the time of what began at that moment has passed. */
  isOver(since: number): boolean {
    return this.#ticks - since >= TICKS_PER_DEADLINE;
  }

  /** Watches an operation; `expire` is called when no reply came within a deadline after `since`. */
  start(expire: () => void, since: number = this.#ticks): OutstandingCall {
    const call = new OutstandingCall(since, this.#ticks, this.#replies, expire);
    this.#insert(call);
    this.#size += 1;
    this.#timer ??= this.#startTimer();
    return call;
  }

  /** A reply has arrived. Returns `false` if it is too late because the operation has expired. */
  settle(call: OutstandingCall): boolean {
    this.#replies += 1;
    return this.#remove(call);
  }

  /** Expires all waiting operations, because no more replies will arrive. */
  expireAll(): void {
    const calls: OutstandingCall[] = [];
    for (let call = this.#first; call; call = this.#first) {
      this.#remove(call);
      calls.push(call);
    }
    for (const call of calls) call.expire();
  }

  /** One step of time. Called by the timer; public so that tests can drive it. */
  tick(): void {
    if (this.#size === 0) return this.stop();
    this.#ticks += 1;
    if (this.#expireOverdue()) this.options.onSilence();
  }

  /** Resolves when no operation waits: each has its reply or has expired. */
  async drained(): Promise<void> {
    if (this.#size === 0) return;
    this.#timer?.ref();
    await new Promise<void>((resolve) => (this.#stopped = resolve));
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#stopped?.();
  }

  #expireOverdue(): boolean {
    let silent = false;
    for (let call = this.#first; call; call = this.#first) {
      if (!this.isOver(call.since)) break;
      this.#remove(call);
      silent ||= this.#isSilentSince(call);
      this.options.onTimeout();
      call.expire();
    }
    return silent;
  }

  // A step that was sent late in its operation has not waited for a whole deadline.
  #isSilentSince({ repliesAtStart, startedAtTick }: OutstandingCall): boolean {
    return repliesAtStart === this.#replies && this.#ticks - startedAtTick >= TICKS_PER_DEADLINE - 1;
  }

  // Sorted by `since`: behind all but the operations that began after it.
  #insert(call: OutstandingCall): void {
    let before = this.#last;
    while (before && before.since > call.since) before = before.before;
    const after = before ? before.after : this.#first;
    call.before = before;
    call.after = after;
    if (before) before.after = call;
    else this.#first = call;
    if (after) after.before = call;
    else this.#last = call;
  }

  // A removed call drops its references: an old call that is still referenced would keep all later ones alive.
  #remove(call: OutstandingCall): boolean {
    if (!call.waits) return false;
    const { before, after } = call;
    if (before) before.after = after;
    else this.#first = after;
    if (after) after.before = before;
    else this.#last = before;
    call.waits = false;
    call.before = null;
    call.after = null;
    this.#size -= 1;
    return true;
  }

  #startTimer(): NodeJS.Timeout {
    const every = this.options.deadlineMs / TICKS_PER_DEADLINE;
    const timer = setInterval(() => this.tick(), every);
    return this.options.hold?.isHeld === false ? timer : timer.unref();
  }
}
