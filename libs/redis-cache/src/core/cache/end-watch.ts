import type { EventChannel } from '../backend/backend.js';

/** Wakes those who wait for a computation in another process. Listens from the first wait on. */
export class EndWatch {
  readonly #waiting = new Map<string, Set<() => void>>();

  #listening = false;

  constructor(private readonly channel: EventChannel) {}

  /** Resolves when a computation of the key ends, when the signal aborts, at the latest after `ms`. */
  next(key: string, ms: number, signal: AbortSignal): Promise<void> {
    this.#listen();
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#forget(key, wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake, { once: true });
      this.#remember(key, wake);
    });
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.channel.listen((event) => {
      if (event.type === 'ended') this.#wake(event.key);
    });
  }

  #wake(key: string): void {
    for (const wake of this.#waiting.get(key) ?? []) wake();
  }

  #remember(key: string, wake: () => void): void {
    const waiters = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiters.add(wake));
  }

  #forget(key: string, wake: () => void): void {
    const waiters = this.#waiting.get(key);
    waiters?.delete(wake);
    if (waiters?.size === 0) this.#waiting.delete(key);
  }
}
