import type { SharedCounters, WindowCount } from '../core.js';
import { registrationNames } from '../nest/option-names.js';

const MAX_CALLERS = 10_000;
/** Up to this fraction of the limit, calls are decided by what this process knows, and counted afterwards. */
const TRUSTED_FRACTION = 0.5;
/**
 * The largest fraction of the limit that is let through before the other processes know about it: 0 calls of a limit
 * below 1,000, which is reached too soon for a round trip per call to matter.
 */
const UNREPORTED_FRACTION = 0.001;
/** How long a count of all processes is considered current. */
const FRESH_MS = 250;
/** The shortest time between two reports of a process. */
const REPORT_EVERY_MS = 20;

/** Counts calls in all processes; `null` while Redis is unavailable. */
type CountEverywhere = (amount: number) => Promise<WindowCount | null>;
type Callback = (window: WindowCount) => void;

export interface RateLimiterOptions {
  /** Calls of one caller within a window. */
  limit: number;
  /** Length of a window in milliseconds. */
  windowMs: number;
  /** Prefix of the windows' names. Limiters of the same name share their counts. Default `rate`. */
  name?: string;
  /** Callers whose windows are kept in memory; the oldest are dropped first. Default 10,000. */
  maxCallers?: number;
}

const OPTIONS = registrationNames<RateLimiterOptions>({
  limit: true,
  windowMs: true,
  name: true,
  maxCallers: true,
});

/**
 * Counts calls by caller, in all processes on one Redis, in fixed windows. Without Redis every count is 0, at no cost, so
 * that no call is refused because of it.
 *
 * @example
 * const limiter = new RateLimiter(cache.sharedCounters, { limit: 600, windowMs: 60_000 });
 * limiter.hit('team-a', ({ count, resetMs }) => {
 *   if (count > 600) refuse(resetMs);
 * });
 */
export class RateLimiter {
  readonly #windows = new Map<string, SharedWindow>();

  /** @throws {InvalidOptionsError} an unknown option */
  constructor(
    private readonly counters: Pick<SharedCounters, 'countInWindow'>,
    private readonly options: RateLimiterOptions,
  ) {
    OPTIONS.check(options);
  }

  /**
   * Counts one call, and calls back with the caller's count, which includes this call. Calls back synchronously while the
   * count is known well enough.
   */
  hit(caller: string, callback: Callback): void {
    this.#windowOf(caller).hit(callback);
  }

  #windowOf(caller: string): SharedWindow {
    const known = this.#windows.get(caller);
    if (known) return known;
    const { limit, windowMs, name = 'rate', maxCallers = MAX_CALLERS } = this.options;
    if (this.#windows.size >= maxCallers) this.#windows.delete(this.#windows.keys().next().value!);
    const count: CountEverywhere = (amount) =>
      this.counters.countInWindow(`${name}:${caller}`, windowMs, amount);
    const window = new SharedWindow(limit, count);
    this.#windows.set(caller, window);
    return window;
  }
}

/**
 * A time window in which several processes count calls, and report them in batches. A call waits for the count of all
 * processes, so that the limit is exact. Exceptions: in the first half of a large limit, calls are decided at once by
 * what this process knows; above the limit, they are refused without a round trip until the window ends. If the count
 * is unavailable, it is 0.
 */
export class SharedWindow {
  /** Calls in all processes, according to the latest reply. */
  #reported = 0;
  /** Calls in this process that were not sent yet. */
  #unreported = 0;
  /** Calls that were sent and are not part of a reply yet. */
  #sent = 0;
  #endsAt = 0;
  #reportedAt = -Infinity;
  #sentAt = -Infinity;
  #waiting: Callback[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limit: number,
    private readonly count: CountEverywhere,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counts one call. Calls back with the window's count, synchronously if it is known well enough. */
  hit(callback: Callback): void {
    const now = this.now();
    if (now >= this.#endsAt) this.#forget();
    else if (this.#reported > this.limit) return callback(this.#countAt(now));
    this.#unreported += 1;
    if (this.#isFarFromLimit(now)) {
      callback(this.#countAt(now));
      this.#reportSoon(now);
      return;
    }
    this.#waiting.push(callback);
    if (this.#sent === 0) void this.#report();
  }

  #forget(): void {
    this.#reported = 0;
    this.#reportedAt = -Infinity;
  }

  #isFarFromLimit(now: number): boolean {
    const own = this.#unreported + this.#sent;
    if (this.#waiting.length > 0 || now - this.#reportedAt > FRESH_MS) return false;
    return own <= UNREPORTED_FRACTION * this.limit && this.#reported + own <= TRUSTED_FRACTION * this.limit;
  }

  #countAt(now: number): WindowCount {
    return { count: this.#reported + this.#sent + this.#unreported, resetMs: this.#endsAt - now };
  }

  #reportSoon(now: number): void {
    if (this.#sent > 0 || this.#timer) return;
    const wait = this.#sentAt + REPORT_EVERY_MS - now;
    if (wait <= 0) void this.#report();
    else this.#timer = setTimeout(() => void this.#report(), wait).unref();
  }

  /** Sends the counted calls, and repeats it while calls wait for a reply. */
  async #report(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    do {
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#sent = this.#unreported;
      this.#unreported = 0;
      this.#sentAt = this.now();
      const reply = await this.count(this.#sent);
      this.#sent = 0;
      this.#receive(reply, waiting);
    } while (this.#waiting.length > 0);
    if (this.#unreported > 0) this.#reportSoon(this.now());
  }

  #receive(reply: WindowCount | null, waiting: Callback[]): void {
    if (reply === null) {
      for (const callback of waiting) callback({ count: 0, resetMs: 0 });
      return;
    }
    const now = this.now();
    this.#reported = reply.count;
    this.#reportedAt = now;
    this.#endsAt = now + reply.resetMs;
    // The calls of a batch are numbered; those that waited are the last ones of it.
    const before = reply.count - waiting.length;
    for (const [index, callback] of waiting.entries()) {
      callback({ count: before + index + 1, resetMs: reply.resetMs });
    }
  }
}
