import { randomUUID } from 'node:crypto';

const BEAT_MS = 400;
/** One may be late because this process was busy, not the server. */
const MISSED_BEATS = 2;
const MARK = 'h';

/**
 * Finds out that what is published is no longer heard, though the connection stands: two beats in a row
 * did not come back.
 */
export class Heartbeat {
  readonly #own = `${MARK}${randomUUID()}`;
  #timer: NodeJS.Timeout | undefined;
  #missed = 0;

  constructor(
    private readonly publish: (text: string) => void,
    private readonly onSilence: () => void,
  ) {}

  start(): void {
    this.stop();
    this.#timer = setInterval(() => this.#beat(), BEAT_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#missed = 0;
  }

  /** Whether the message is a beat, of this process or another one. */
  hear(message: string): boolean {
    if (message === this.#own) this.#missed = 0;
    return message.startsWith(MARK);
  }

  #beat(): void {
    if (this.#missed >= MISSED_BEATS) {
      this.onSilence();
      return;
    }
    this.#missed += 1;
    this.publish(this.#own);
  }
}
