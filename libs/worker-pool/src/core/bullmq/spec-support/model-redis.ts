import type { EventChunk, EventFacts, EventPosition } from '../queue-commands.js';

/** One task and its log as the scripts of event-scripts.ts see them. */
export class ModelRedis {
  #starts = 0;
  #token: string | null = null;
  #isFinished = false;
  #log = '';

  get isClaimed(): boolean {
    return this.#token !== null;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  /** A worker starts a run, which it returns. */
  claim(token: string): string {
    this.#starts += 1;
    this.#token = token;
    return `${this.#starts}:${token}`;
  }

  /** The claim expires: its worker died or is frozen. */
  loseClaim(): void {
    this.#token = null;
  }

  holds(run: string): boolean {
    return run === this.#holder;
  }

  finish(): void {
    this.#token = null;
    this.#isFinished = true;
  }

  /** The log keeps only its first bytes. */
  cut(bytes: number): void {
    this.#log = this.#log.slice(0, bytes);
  }

  append({ run, offset, bytes }: Omit<EventChunk, 'ttlMs'>): number {
    if (!this.holds(run)) return -1;
    if (!this.#log.startsWith(`${run}\n`)) this.#log = '';
    if (this.#log.length === offset) this.#log += bytes.toString();
    return this.#log.length;
  }

  read({ run, offset }: EventPosition, maxBytes: number): EventFacts {
    const written = /^([^\n]*)\n/.exec(this.#log)?.[1] ?? '';
    const isReadable = run === '' || run === written;
    return {
      holder: this.#holder,
      written,
      isFinal: this.#isFinished && (run || written).startsWith(`${this.#starts}:`),
      length: this.#log.length,
      bytes: Buffer.from(isReadable ? this.#log.slice(offset, offset + maxBytes) : ''),
    };
  }

  get #holder(): string {
    return this.#token === null ? '' : `${this.#starts}:${this.#token}`;
  }
}
