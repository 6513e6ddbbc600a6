import { PoolClosedError } from '../contract/errors.js';
import type { Engine } from './engine.js';

/** Interval of the checks for whether an engine is used that was opened before the start, in milliseconds. */
const CHECK_MS = 1_000;

/**
 * Opens the engine of a pool with `start()` or the first call.
 *
 * Before `start()`, an engine that nothing uses any more is closed: nobody closes the pool of an application that failed
 * to start, and its connections would keep the process alive. The next call opens another one. Tasks that the worker has
 * claimed are finished first.
 */
export class EngineLife {
  #opened: Promise<Engine> | undefined;
  #isStarted = false;
  #isClosed = false;
  /** Whether the current engine was used since the last check. */
  #wasUsed = false;
  #timer: NodeJS.Timeout | undefined;
  /** Engines that finish the tasks of their workers. */
  readonly #retiring = new Set<Engine>();

  constructor(
    private readonly open: () => Promise<Engine>,
    /** How long a task may run, in milliseconds. */
    private readonly taskTimeoutMs: number,
  ) {}

  /** Keeps an engine open until `close()`. */
  start(): void {
    this.#isStarted = true;
    clearInterval(this.#timer);
    void this.use();
  }

  /**
   * Returns the engine, and opens it if there is none.
   *
   * @throws {PoolClosedError} there is none, and the pool has closed
   */
  use(): Promise<Engine> {
    this.#wasUsed = true;
    if (!this.#opened) {
      this.#opened = this.#isClosed ? Promise.reject(new PoolClosedError()) : this.open();
      this.#opened.catch(() => {});
      if (!this.#isStarted && !this.#isClosed) this.#closeUnused();
    }
    return this.#opened;
  }

  /** Lets work in progress end within the drain time, and closes what is open. A later call opens nothing. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    const engine = await this.#opened?.catch(() => null);
    await Promise.all([engine, ...this.#retiring].map((one) => one?.close()));
  }

  #closeUnused(): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#check(), CHECK_MS);
  }

  async #check(): Promise<void> {
    const engine = await this.#opened?.catch(() => null);
    if (this.#isStarted || this.#isClosed) return;
    if (engine && (this.#wasUsed || engine.isUsed)) {
      this.#wasUsed = false;
      return;
    }
    clearInterval(this.#timer);
    if (!engine) return;
    this.#opened = undefined;
    this.#retiring.add(engine);
    await engine.close(this.taskTimeoutMs);
    this.#retiring.delete(engine);
  }
}
