import {
  endClient,
  failureCode,
  failureKind,
  isOutage,
  type RedisClient,
  withoutArguments,
} from 'nestjs-redis-connection';
import { PoolUnavailableError } from '../contract/errors.js';
import { publishState } from '../telemetry/state.js';

type Call<T> = (client: RedisClient) => Promise<T>;

/** Pause before a call is repeated on a broken connection, in milliseconds. */
const REPEAT_MS = 50;

/** The user lacks a right. */
const MISSING_RIGHT = 'NOPERM';
/** Replies of a server that refuses until somebody changes that: waiting for it does not help. */
const REFUSALS = new Set(['OOM', 'MISCONF', 'NOREPLICAS', MISSING_RIGHT]);

/**
 * The connection for calls that a caller waits for. Every call has the same deadline; a call fails immediately when
 * Redis has already been unavailable or silent for longer than that.
 */
export class QueueLink {
  readonly #upListeners = new Set<() => void>();
  /** Since when calls have failed, on the clock of `performance.now()`. */
  #downSince: number | null = performance.now();
  /** The server received a command and did not reply within the deadline. */
  #isSilent = false;
  #refusal: string | null = null;
  /** Since when Redis has replied to every call that it serves no client. */
  #refusingSince: number | null = null;
  #wasUp = false;
  #isClosed = false;
  #calls = 0;

  /** @param onMissingRight receives the error of each command that the user may not run */
  constructor(
    readonly client: RedisClient,
    private readonly deadlineMs: number,
    private readonly onMissingRight: (error: unknown) => void,
  ) {
    client.on('ready', () => this.#onReply());
    client.on('close', () => this.#onClose());
    client.on('end', () => this.#onClose());
  }

  get isUp(): boolean {
    return this.#downSince === null && !this.#isSilent;
  }

  /** The code with which Redis last refused a call (`OOM`, `NOPERM`); `null` once it has accepted a write since. */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** How long Redis has been disconnected or silent, in milliseconds; 0 while it is up. */
  get downMs(): number {
    return this.#downSince === null ? 0 : performance.now() - this.#downSince;
  }

  /** Whether a call waits for its reply. */
  get isUsed(): boolean {
    return this.#calls > 0;
  }

  /** Adds a listener for every time when the connection is up again. */
  onUp(listener: () => void): void {
    this.#upListeners.add(listener);
  }

  /**
   * Makes the call, and repeats it within the deadline when the connection breaks or Redis does not serve yet; the call
   * must therefore be idempotent. Once that has lasted for a deadline, calls are not repeated.
   *
   * @param onLate receives the outcome of a call that succeeded after its deadline
   * @throws {PoolUnavailableError} within the deadline
   * @throws every other error of the call
   */
  async call<T>(call: Call<T>, onLate: (outcome: T) => void = () => {}): Promise<T> {
    this.#calls += 1;
    try {
      return await this.#repeat(call, onLate);
    } finally {
      this.#calls -= 1;
    }
  }

  /** As `call`, for a call that writes: its success shows that Redis accepts writes again. */
  async write<T>(call: Call<T>, onLate?: (outcome: T) => void): Promise<T> {
    const outcome = await this.call(call, onLate);
    this.#refusal = null;
    return outcome;
  }

  close(): void {
    this.#isClosed = true;
    this.#upListeners.clear();
    endClient(this.client);
  }

  async #repeat<T>(call: Call<T>, onLate: (outcome: T) => void): Promise<T> {
    const deadline = performance.now() + this.deadlineMs;
    for (;;) {
      await this.#untilUp(deadline);
      try {
        const outcome = await this.#once(call, deadline, onLate);
        this.#refusingSince = null;
        return outcome;
      } catch (thrown) {
        const error = withoutArguments(thrown);
        const code = failureCode(error);
        const isRefusal = REFUSALS.has(code);
        if (error instanceof PoolUnavailableError || !(isRefusal || isOutage(error))) {
          throw error;
        }
        if (code === MISSING_RIGHT) {
          this.onMissingRight(error);
        }
        this.#refusal = isRefusal ? code : this.#refusal;
        if (isRefusal || this.#isClosed || performance.now() >= deadline || this.#isKnownToRefuse()) {
          throw new PoolUnavailableError({ cause: error });
        }
        await pause(Math.min(REPEAT_MS, deadline - performance.now()));
      }
    }
  }

  async #untilUp(deadline: number): Promise<void> {
    if (this.isUp) {
      return;
    }
    const isHopeless = this.#isSilent || this.downMs > this.deadlineMs;
    if (this.#isClosed || isHopeless || !(await this.#waitForUp(deadline - performance.now()))) {
      throw new PoolUnavailableError();
    }
  }

  #isKnownToRefuse(): boolean {
    this.#refusingSince ??= performance.now();
    return performance.now() - this.#refusingSince >= this.deadlineMs;
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
      const startedAt = performance.now();
      const timer = setTimeout(
        () => {
          isLate = true;
          // A repetition shortly before the deadline proves nothing.
          if (performance.now() - startedAt >= this.deadlineMs / 2) {
            this.#onSilence();
          }
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

  // Sends a PING: its reply, even an error such as LOADING, shows that the server responds again.
  #onSilence(): void {
    if (this.#isSilent || this.#downSince !== null) {
      return;
    }
    this.#isSilent = true;
    this.#goDown('TIMEOUT');
    this.client.ping().then(
      () => this.#onReply(),
      (error: unknown) => {
        if (failureKind(error) !== 'connection') this.#onReply();
      },
    );
  }

  #onReply(): void {
    this.#isSilent = false;
    this.#goUp();
    for (const listener of this.#upListeners) {
      listener();
    }
  }

  #onClose(): void {
    this.#isSilent = false;
    if (this.#downSince === null) this.#goDown('CONNECTION_LOST');
  }

  #goDown(code: string): void {
    this.#downSince = performance.now();
    if (!this.#isClosed) publishState({ state: 'degraded', code });
  }

  #goUp(): void {
    if (this.#downSince === null) return;
    publishState(this.#wasUp ? { state: 'recovered', durationMs: this.downMs } : { state: 'connected' });
    this.#wasUp = true;
    this.#downSince = null;
  }
}

/** The code with which Redis refused a call (`OOM`, `NOPERM`); `null` if it could not be reached. */
export function refusalIn({ cause }: PoolUnavailableError): string | null {
  const code = failureCode(cause);
  return REFUSALS.has(code) ? code : null;
}

/** Whether the error only shows that Redis is unavailable. */
export function isConnectionProblem(error: unknown): boolean {
  return error instanceof PoolUnavailableError || isOutage(error);
}

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, Math.max(0, ms));
  });
