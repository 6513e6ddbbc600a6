import type { DestinationStream } from 'pino';

/** Lines wait for company, for at most this long. */
const FLUSH_EVERY_MS = 50;
const BATCH_LENGTH = 32_768;

/** Where batches go. */
export interface BatchTarget extends DestinationStream {
  flushSync(): void;
}

/** Collects lines and writes many of them at once. None is lost at an orderly exit or a fatal line. */
export class LineBatch implements BatchTarget {
  #lines = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly target: BatchTarget) {}

  write(line: string): void {
    this.#lines += line;
    if (this.#lines.length >= BATCH_LENGTH) this.#flush();
    else this.#timer ??= setTimeout(() => this.#flush(), FLUSH_EVERY_MS).unref();
  }

  /** Everything so far is out when this returns. */
  flushSync(): void {
    this.#flush();
    this.target.flushSync();
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#lines === '') return;
    const lines = this.#lines;
    this.#lines = '';
    this.target.write(lines);
  }
}
