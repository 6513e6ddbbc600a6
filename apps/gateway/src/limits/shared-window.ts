import type { WindowCount } from 'nestjs-redis-cache';

/** Counts in all processes, or answers `null` when that cannot be done. */
export type CountTogether = (amount: number) => Promise<WindowCount | null>;

/** Where a window stands: what was counted so far, this time included, and milliseconds until it ends. */
export interface WindowState {
  current: number;
  ttl: number;
}

type Answer = (state: WindowState) => void;

/** Up to this part of the limit a process decides by what it knows, and counts behind the answer. */
const TRUSTING_PART = 0.5;
/**
 * At most this part of the limit is let through before the others know of it: none of a limit below 1,000,
 * which is reached too soon for a round trip per call to matter.
 */
const UNTOLD_PART = 0.001;
/** What is known of the others is used for this long. */
const FRESH_MS = 250;
/** How often a process tells what it counted, at most. */
const TELL_EVERY_MS = 20;

/**
 * One window of time that several processes count in, told by batches. Each call waits for the common count,
 * so that the limit is exact, but for the first half of a large limit: there a call is decided at once, by
 * what this process knows. Above the limit calls are refused without asking until the window ends. When the
 * count cannot be had, it is 0.
 */
export class SharedWindow {
  /** In all processes, as of the latest reply. */
  #told = 0;
  /** Counted here, and not sent yet. */
  #untold = 0;
  /** Sent, and not replied to yet. */
  #sent = 0;
  #endsAt = 0;
  #toldAt = -Infinity;
  #sentAt = -Infinity;
  #waiting: Answer[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly limit: number,
    private readonly count: CountTogether,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Counts one call and answers where the window stands with it, at once if that is known well enough. */
  hit(answer: Answer): void {
    const now = this.now();
    if (now >= this.#endsAt) this.#forget();
    else if (this.#told > this.limit) return answer(this.#stateAt(now));
    this.#untold += 1;
    if (this.#isFarFromLimit(now)) {
      answer(this.#stateAt(now));
      this.#tellSoon(now);
      return;
    }
    this.#waiting.push(answer);
    if (this.#sent === 0) void this.#tell();
  }

  #forget(): void {
    this.#told = 0;
    this.#toldAt = -Infinity;
  }

  #isFarFromLimit(now: number): boolean {
    const own = this.#untold + this.#sent;
    if (this.#waiting.length > 0 || now - this.#toldAt > FRESH_MS) return false;
    return own <= UNTOLD_PART * this.limit && this.#told + own <= TRUSTING_PART * this.limit;
  }

  #stateAt(now: number): WindowState {
    return { current: this.#told + this.#sent + this.#untold, ttl: this.#endsAt - now };
  }

  #tellSoon(now: number): void {
    if (this.#sent > 0 || this.#timer) return;
    const wait = this.#sentAt + TELL_EVERY_MS - now;
    if (wait <= 0) void this.#tell();
    else this.#timer = setTimeout(() => void this.#tell(), wait).unref();
  }

  /** Sends what was counted, and goes on as long as calls wait for a reply. */
  async #tell(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    do {
      const waiting = this.#waiting;
      this.#waiting = [];
      this.#sent = this.#untold;
      this.#untold = 0;
      this.#sentAt = this.now();
      const reply = await this.count(this.#sent);
      this.#sent = 0;
      this.#learn(reply, waiting);
    } while (this.#waiting.length > 0);
    if (this.#untold > 0) this.#tellSoon(this.now());
  }

  #learn(reply: WindowCount | null, waiting: Answer[]): void {
    if (reply === null) {
      for (const answer of waiting) answer({ current: 0, ttl: 0 });
      return;
    }
    const now = this.now();
    this.#told = reply.count;
    this.#toldAt = now;
    this.#endsAt = now + reply.resetMs;
    // Calls of one batch are numbered: those who waited are its latest ones.
    const before = reply.count - waiting.length;
    for (const [index, answer] of waiting.entries()) {
      answer({ current: before + index + 1, ttl: reply.resetMs });
    }
  }
}
