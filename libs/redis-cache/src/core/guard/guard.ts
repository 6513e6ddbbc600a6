import { describeReason, failureCode, failureKind, isUnservedSlot } from 'nestjs-redis-connection';
import type { Backend } from '../backend/backend.js';
import type { ProcessHold } from '../connection/process-hold.js';
import type { RedisCacheCounters } from '../counters/counters.js';
import { StatePublisher } from '../telemetry/state.js';
import type { CacheLogger } from '../util/cache-logger.js';
import { type BreakerState, CircuitBreaker } from './circuit-breaker.js';
import { DeadlineSweep } from './deadline-sweep.js';
import { FailureRecord } from './failure-record.js';
import { RecoveryProbe } from './recovery-probe.js';
import { RightsCheck } from './rights-check.js';

/**
 * - `starting`: the first connection is being opened; operations wait for it within their deadline
 * - `serving`: operations reach the backend
 * - `unavailable`: operations get their fallback at once
 * - `closed`: permanently
 */
export type GuardPhase = 'starting' | 'serving' | 'unavailable' | 'closed';

/** What the guard knows without a round trip. */
export interface GuardStatus {
  phase: GuardPhase;
  breaker: BreakerState;
  /** `false` after the server refused a write (read-only, out of memory), until it accepts one. */
  writable: boolean;
  /** When the breaker entered its current state, in epoch milliseconds. */
  since: number;
  /** Code of the latest failure: `ECONNREFUSED`, `OOM`, `TIMEOUT`, …; `null` once operations succeed again. */
  lastError: string | null;
}

export interface GuardOptions {
  /** Deadline of one operation, in milliseconds. */
  deadlineMs: number;
  counters: RedisCacheCounters;
  logger: CacheLogger;
  /** While it does not hold the process, operations that wait do. */
  hold?: ProcessHold;
  states?: StatePublisher;
}

/** Details of one step of an operation. */
export interface RunTerms<T, F> {
  /** When the whole operation began, so that all its steps share one deadline; see `moment`. Default: now. */
  since?: number;
  /** Receives a value that arrives after the fallback was returned. */
  onLate?: (value: T) => void;
  /** Returns the fallback after an error, in place of the general one. */
  onError?: (error: unknown) => F;
}

const NO_TERMS: RunTerms<unknown, never> = {};
const MIN_PROBE_DELAY_MS = 50;
const MAX_PROBE_DELAY_MS = 500;
/** How long a connection may be silent before it is dropped. */
const STALL_DEADLINES = 4;
const MIN_STALL_MS = 5_000;

/**
 * The only place where a failure of the backend becomes a value. Every operation goes through `run`,
 * which never rejects: it returns the result of the operation, or the fallback.
 */
export class Guard {
  readonly states: StatePublisher;
  readonly #breaker = new CircuitBreaker({
    minDelayMs: MIN_PROBE_DELAY_MS,
    maxDelayMs: MAX_PROBE_DELAY_MS,
  });
  readonly #deadlines: DeadlineSweep;
  readonly #probe: RecoveryProbe;
  readonly #rights: RightsCheck;
  readonly #failures: FailureRecord;
  #phase: GuardPhase = 'starting';
  #started!: () => void;
  readonly #start = new Promise<void>((resolve) => (this.#started = resolve));
  #onWritable = (): void => {};
  #closing: Promise<void> | undefined;
  #isDoubted = false;
  #writeRefusal: string | null = null;

  constructor(
    private readonly backend: Backend,
    private readonly options: GuardOptions,
  ) {
    this.states = options.states ?? new StatePublisher();
    this.#deadlines = new DeadlineSweep({
      deadlineMs: options.deadlineMs,
      hold: options.hold,
      onTimeout: () => this.#onTimeout(),
      onSilence: () => this.#trip('TIMEOUT', `no reply within ${options.deadlineMs} ms`),
    });
    this.#failures = new FailureRecord(options.logger);
    this.#rights = new RightsCheck(backend);
    this.#probe = new RecoveryProbe({
      breaker: this.#breaker,
      ping: () => this.#rights.reach(),
      reconnect: () => backend.reconnect(),
      stallMs: Math.max(MIN_STALL_MS, STALL_DEADLINES * options.deadlineMs),
      onRecovered: () => this.#recover(),
    });
    backend.watch({
      up: () => this.#onUp(),
      down: (reason) => this.#onDown(reason),
      reached: (server) => this.options.logger.log(`Connected to ${server}`),
      fault: (error) => this.#failures.reportOnce(error),
    });
  }

  get status(): GuardStatus {
    return {
      phase: this.#phase,
      breaker: this.#breaker.state,
      writable: this.#phase === 'serving' && this.#writeRefusal === null,
      since: this.#breaker.since,
      lastError: this.#failures.code ?? this.#writeRefusal,
    };
  }

  /** Names of commands that the server has refused to this user within the last seconds. */
  get deniedCommands(): string[] {
    return this.#failures.deniedCommands;
  }

  get serving(): boolean {
    return this.#phase === 'serving';
  }

  /** Sets the only listener, which is notified when writes succeed again after an outage. */
  onWritable(listener: () => void): void {
    this.#onWritable = listener;
  }

  /** Now, for an operation that consists of several steps. */
  get moment(): number {
    return this.#deadlines.moment;
  }

  /** Runs an operation, or a step of one, under its deadline. */
  run<T, F>(operation: () => Promise<T>, fallback: F, terms: RunTerms<T, F> = NO_TERMS): Promise<T | F> {
    if (terms.since !== undefined && this.#deadlines.isOver(terms.since)) {
      this.#onTimeout();
      return Promise.resolve(fallback);
    }
    if (this.#phase === 'serving') return this.#attempt(operation, fallback, terms);
    if (this.#phase === 'starting') return this.#attempt(() => this.#afterStart(operation), fallback, terms);
    this.options.counters.bypassed += 1;
    return Promise.resolve(fallback);
  }

  /**
   * The same for an operation that writes and returns whether it did: `true` shows that the server
   * accepts writes.
   */
  runWrite<F>(operation: () => Promise<boolean>, fallback: F, since?: number): Promise<boolean | F> {
    return this.run(
      () => operation().then(this.#noteWrite),
      fallback,
      since === undefined ? NO_TERMS : { since },
    );
  }

  /**
   * From now on every new operation gets its fallback; the backend is closed. Running operations keep their
   * deadline, and their replies reach the callers: a request that was dequeued would be lost otherwise.
   * Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#phase = 'closed';
    this.#started();
    this.#probe.stop();
    await this.backend.close();
    await this.#deadlines.drained();
    this.#deadlines.stop();
  }

  #attempt<T, F>(operation: () => Promise<T>, fallback: F, terms: RunTerms<T, F>): Promise<T | F> {
    return new Promise((resolve) => {
      const call = this.#deadlines.start(() => resolve(fallback), terms.since);
      const fail = (error: unknown): void => {
        this.#deadlines.settle(call);
        this.#onFailure(error);
        resolve(terms.onError ? terms.onError(error) : fallback);
      };
      try {
        operation().then((value) => {
          if (!this.#deadlines.settle(call)) return terms.onLate?.(value);
          if (this.#failures.code !== null) this.#failures.succeeded();
          resolve(value);
        }, fail);
      } catch (error) {
        fail(error);
      }
    });
  }

  async #afterStart<T>(operation: () => Promise<T>): Promise<T> {
    await this.#start;
    if (this.#phase !== 'serving') throw new Error('the first connection failed');
    return operation();
  }

  #onUp(): void {
    if (this.#phase === 'starting') {
      this.#phase = 'serving';
      this.#started();
      this.states.publish('connected');
    } else if (this.#phase === 'unavailable') {
      this.#probe.probe();
    }
  }

  #onDown(reason: Error): void {
    const code = failureCode(reason);
    this.#trip(code, describeReason(reason) || code);
    this.#probe.stop();
  }

  #onTimeout(): void {
    this.options.counters.timeouts += 1;
    this.#failures.note('TIMEOUT');
  }

  #onFailure(error: unknown): void {
    if (this.#phase !== 'serving') return;
    const code = failureCode(error);
    this.options.counters.errors += 1;
    const lacksRight = this.#failures.noteError(error);
    const kind = failureKind(error);
    if (kind === 'unavailable') this.#trip(code, `the server answers ${code}`);
    else if (kind === 'write-refused') this.#refuseWrites(code);
    else if (kind === 'command') this.#failures.reportOnce(error);
    if (lacksRight && this.#rights.isDue) void this.#checkRights();
    if (isUnservedSlot(error)) this.#doubt();
  }

  // One slot of a Cluster, or all of it? Our own round trip shows it.
  #doubt(): void {
    if (this.#isDoubted) return;
    this.#isDoubted = true;
    void this.run(() => this.backend.ping(), null).then(() => (this.#isDoubted = false));
  }

  async #checkRights(): Promise<void> {
    const refused = await this.#rights.check();
    if (this.#phase !== 'serving') return;
    if (refused === 'everything') this.#trip('NOPERM', 'its user may not even PING, read or write: NOPERM');
    else if (refused === 'writes') this.#refuseWrites('NOPERM');
  }

  #trip(code: string, reason: string): void {
    if (this.#phase === 'closed') return;
    this.#failures.note(code);
    if (!this.#breaker.open()) return;
    this.#phase = 'unavailable';
    this.#started();
    this.options.counters.trips += 1;
    this.options.logger.warn(`Redis is unavailable (${reason}); serving fallbacks until it is back`);
    this.states.publish('degraded', { code });
    this.#deadlines.expireAll();
    this.#probe.probeLater();
  }

  #recover(): void {
    if (this.#phase !== 'unavailable') return;
    const durationMs = this.#breaker.close();
    this.#phase = 'serving';
    this.#writeRefusal = null;
    this.#failures.clear();
    this.options.logger.log(`Redis is back after ${(durationMs / 1000).toFixed(1)} s`);
    this.states.publish('recovered', { durationMs });
    this.#onWritable();
  }

  #refuseWrites(code: string): void {
    if (this.#writeRefusal === null) {
      this.options.logger.warn(`Redis refuses writes (${code}); reads go on`);
      this.states.publish('writes-refused', { code });
    }
    this.#writeRefusal = code;
  }

  readonly #noteWrite = (written: boolean): boolean => {
    if (written && this.#writeRefusal !== null) this.#acceptWrites();
    return written;
  };

  #acceptWrites(): void {
    this.#writeRefusal = null;
    this.#failures.succeeded();
    this.options.logger.log('Redis accepts writes again');
    this.states.publish('writes-accepted');
    this.#onWritable();
  }
}
