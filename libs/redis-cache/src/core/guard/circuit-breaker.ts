/**
 * - `closed`: operations reach Redis
 * - `open`: operations get their fallback at once
 * - `half-open`: the same, while one probe of our own is running
 */
export type BreakerState = 'closed' | 'open' | 'half-open';

export interface CircuitBreakerOptions {
  /** Wait before the first probe, in milliseconds. */
  minDelayMs: number;
  /** Longest wait between two probes, in milliseconds. */
  maxDelayMs: number;
  /** Source of jitter, 0 ≤ x < 1. */
  random?: () => number;
  /** Epoch milliseconds. */
  now?: () => number;
}

/**
 * The pure state machine of a circuit breaker: it has no timer and sends nothing.
 * Delays double each time and have "equal jitter": half of each delay is fixed, half random.
 */
export class CircuitBreaker {
  #state: BreakerState = 'closed';
  #failedProbes = 0;
  #since: number;
  readonly #random: () => number;
  readonly #now: () => number;

  constructor(private readonly options: CircuitBreakerOptions) {
    this.#random = options.random ?? Math.random;
    this.#now = options.now ?? Date.now;
    this.#since = this.#now();
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** When the breaker last left or entered `closed`, in epoch milliseconds. */
  get since(): number {
    return this.#since;
  }

  /** Opens a closed breaker. Returns `false` if it was not closed. */
  open(): boolean {
    if (this.#state !== 'closed') return false;
    this.#state = 'open';
    this.#failedProbes = 0;
    this.#since = this.#now();
    return true;
  }

  /** Starts a probe. Returns `false` if one is already running, or none is needed. */
  beginProbe(): boolean {
    if (this.#state !== 'open') return false;
    this.#state = 'half-open';
    return true;
  }

  /** The probe failed or lost its connection: opens the breaker again. */
  probeFailed(): void {
    if (this.#state !== 'half-open') return;
    this.#state = 'open';
    this.#failedProbes += 1;
  }

  /** The probe succeeded: closes the breaker. Returns how long it had been open, in milliseconds. */
  close(): number {
    const openFor = this.#now() - this.#since;
    this.#state = 'closed';
    this.#since = this.#now();
    return openFor;
  }

  /** How long to wait before the next probe, in milliseconds. */
  nextDelayMs(): number {
    const { minDelayMs, maxDelayMs } = this.options;
    const ceiling = Math.min(maxDelayMs, minDelayMs * 2 ** Math.min(this.#failedProbes, 16));
    return ceiling / 2 + (ceiling / 2) * this.#random();
  }
}
