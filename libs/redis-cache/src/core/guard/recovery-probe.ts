import type { CircuitBreaker } from './circuit-breaker.js';

export interface RecoveryProbeOptions {
  breaker: CircuitBreaker;
  /** Our own round trip; never a user's command. */
  ping: () => Promise<unknown>;
  /** Drops a connection that has become silent, and opens a new one. */
  reconnect: () => void;
  /** How long a probe may wait for its reply before the connection is dropped, in milliseconds. */
  stallMs: number;
  onRecovered: () => void;
}

/**
 * Detects that Redis is back, with one probe at a time. On a frozen server the probe simply waits for its
 * reply, which is the event that ends the outage; after an error reply it is repeated with the breaker's
 * back-off.
 */
export class RecoveryProbe {
  #run = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RecoveryProbeOptions) {}

  /** Probes now, on the current connection; discards an earlier probe. */
  probe(): void {
    this.stop();
    const run = this.#run;
    if (!this.options.breaker.beginProbe()) return;
    this.#after(this.options.stallMs, this.options.reconnect);
    this.options.ping().then(
      () => run === this.#run && this.#recovered(),
      () => run === this.#run && this.probeLater(),
    );
  }

  /** Probes after the breaker's back-off. */
  probeLater(): void {
    this.stop();
    this.#after(this.options.breaker.nextDelayMs(), () => this.probe());
  }

  /** Discards the running probe: its connection is gone, or it is no longer needed. */
  stop(): void {
    this.#run += 1;
    clearTimeout(this.#timer);
    this.options.breaker.probeFailed();
  }

  #recovered(): void {
    this.#run += 1;
    clearTimeout(this.#timer);
    this.options.onRecovered();
  }

  #after(ms: number, action: () => void): void {
    this.#timer = setTimeout(action, ms).unref();
  }
}
