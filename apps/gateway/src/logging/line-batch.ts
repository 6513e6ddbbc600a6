/** Lines wait for company, for at most this long. */
const FLUSH_EVERY_MS = 50;
const BATCH_BYTES = 65_536;
/** What one character takes in UTF-8 at most. */
const MAX_CHARACTER_BYTES = 3;
const NO_ROOM = Buffer.alloc(0);

/** Where batches go. */
export interface BatchTarget {
  write(batch: Buffer): unknown;
  flushSync(): void;
}

/** Collects lines and writes many of them at once. None is lost at an orderly exit or a fatal line. */
export class LineBatch {
  // Bytes, since texts that are put together wait as trees of their parts, which the garbage collector moves about.
  #batch: Buffer = NO_ROOM;
  #used = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly target: BatchTarget) {}

  write(line: string): void {
    const atMost = line.length * MAX_CHARACTER_BYTES;
    if (atMost > this.#batch.length - this.#used) this.#makeRoom(atMost);
    this.#used += this.#batch.write(line, this.#used);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_EVERY_MS).unref();
  }

  /** Everything so far is out when this returns. */
  flushSync(): void {
    this.#flush();
    this.target.flushSync();
  }

  #makeRoom(bytes: number): void {
    this.#flush();
    this.#batch = Buffer.allocUnsafeSlow(Math.max(bytes, BATCH_BYTES));
  }

  // The target keeps what it was given for as long as it writes, so nothing is written over it.
  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#used === 0) return;
    const batch = this.#batch.subarray(0, this.#used);
    this.#batch = this.#batch.subarray(this.#used);
    this.#used = 0;
    this.target.write(batch);
  }
}
