import { endClient, isOutage, type RedisClient } from 'nestjs-redis-connection';
import { PoolUnavailableError } from '../../errors/pool-unavailable.error.js';

type Call<T> = (client: RedisClient) => Promise<T>;

/**
 * The connection for calls that somebody waits for. Each has the same deadline; a call that comes when Redis has
 * been away, or silent, for longer than that gets its error at once.
 */
export class QueueLink {
  readonly #upListeners = new Set<() => void>();
  /** Since when no call could succeed, on the clock of `performance.now()`. */
  #downSince: number | null = performance.now();
  /** The server took a command and gave no reply within the deadline. */
  #silent = false;
  #closed = false;

  constructor(
    readonly client: RedisClient,
    private readonly deadlineMs: number,
  ) {
    client.on('ready', () => this.#up());
    client.on('close', () => this.#down());
    client.on('end', () => this.#down());
  }

  get isUp(): boolean {
    return this.#downSince === null && !this.#silent;
  }

  /** How long there has been no connection or no reply, in milliseconds; 0 while all is well. */
  get downMs(): number {
    return this.#downSince === null ? 0 : performance.now() - this.#downSince;
  }

  /** Called whenever the connection is there again. */
  onUp(listener: () => void): void {
    this.#upListeners.add(listener);
  }

  /**
   * Does the call, and again when the connection breaks under it, as long as its deadline allows: it must be
   * one that may be repeated.
   *
   * @param onLate gets the outcome of a call that was given up but went through after all
   * @throws {PoolUnavailableError} within the deadline
   * @throws what the call throws for other reasons
   */
  async call<T>(call: Call<T>, onLate: (outcome: T) => void = () => {}): Promise<T> {
    const deadline = performance.now() + this.deadlineMs;
    for (;;) {
      await this.#untilUp(deadline);
      try {
        return await this.#once(call, deadline, onLate);
      } catch (error) {
        if (!isConnectionProblem(error) || this.#closed || performance.now() >= deadline) {
          throw error instanceof PoolUnavailableError || !isConnectionProblem(error)
            ? error
            : new PoolUnavailableError({ cause: error });
        }
        await pause(Math.min(50, deadline - performance.now()));
      }
    }
  }

  close(): void {
    this.#closed = true;
    this.#upListeners.clear();
    endClient(this.client);
  }

  async #untilUp(deadline: number): Promise<void> {
    if (this.isUp) {
      return;
    }
    const isHopeless = this.#silent || this.downMs > this.deadlineMs;
    if (this.#closed || isHopeless || !(await this.#waitForUp(deadline - performance.now()))) {
      throw new PoolUnavailableError();
    }
  }

  #waitForUp(timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const settle = (isUp: boolean): void => {
        clearTimeout(timer);
        this.#upListeners.delete(onUp);
        resolve(isUp);
      };
      const onUp = (): void => settle(true);
      const timer = setTimeout(() => settle(false), Math.max(0, timeoutMs));
      this.#upListeners.add(onUp);
    });
  }

  #once<T>(call: Call<T>, deadline: number, onLate: (outcome: T) => void): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(
        () => {
          isLate = true;
          this.#gotSilent();
          reject(new PoolUnavailableError());
        },
        Math.max(0, deadline - performance.now()),
      );
      call(this.client).then(
        (outcome) => {
          clearTimeout(timer);
          if (isLate) {
            onLate(outcome);
          } else {
            resolve(outcome);
          }
        },
        (error: unknown) => {
          clearTimeout(timer);
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }

  // A reply to anything shows that the server is awake again; this asks for one.
  #gotSilent(): void {
    if (this.#silent || this.#downSince !== null) {
      return;
    }
    this.#silent = true;
    this.#downSince = performance.now();
    this.client.ping().then(
      () => this.#up(),
      () => {},
    );
  }

  #up(): void {
    this.#silent = false;
    this.#downSince = null;
    for (const listener of this.#upListeners) {
      listener();
    }
  }

  #down(): void {
    this.#silent = false;
    this.#downSince ??= performance.now();
  }
}

export function isConnectionProblem(error: unknown): boolean {
  return error instanceof PoolUnavailableError || isOutage(error);
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
