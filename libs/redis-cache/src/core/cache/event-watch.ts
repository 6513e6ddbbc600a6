import type { EventChannel } from '../backend/backend.js';

/** Wakes those who wait for a computation in another process. Listens from the first watch on. */
export class EventWatch {
  readonly #watches = new Map<string, Set<KeyWatch>>();
  #listening = false;
  #isUp = false;

  constructor(private readonly channel: EventChannel) {}

  /** Whether the ends of computations are received, as far as is known. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Watches a key until the watch is closed. */
  watch(key: string): KeyWatch {
    this.#listen();
    const watches = this.#watches.get(key) ?? new Set();
    const watch = new KeyWatch(() => {
      watches.delete(watch);
      if (watches.size === 0 && this.#watches.get(key) === watches) this.#watches.delete(key);
    });
    this.#watches.set(key, watches.add(watch));
    return watch;
  }

  #listen(): void {
    if (this.#listening) return;
    this.#listening = true;
    this.channel.listen((event) => {
      if (event.type === 'up' || event.type === 'down') this.#isUp = event.type === 'up';
      else if (event.type === 'ended' || event.type === 'pieces') this.#notify(event.key, event.type);
    });
  }

  #notify(key: string, type: 'ended' | 'pieces'): void {
    for (const watch of this.#watches.get(key) ?? []) {
      if (type === 'ended' || watch.wantsPieces) watch.wake();
    }
  }
}

/** The events of one key. One that comes between two waits ends the next wait at once. */
export class KeyWatch {
  /** Whether new pieces wake, besides the end of a computation. */
  wantsPieces = false;
  #noticed = false;
  #wake: (() => void) | undefined;

  constructor(readonly close: () => void) {}

  /** Resolves at the next event, when the signal aborts, or after `ms`. For one waiter at a time. */
  next(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#noticed || signal.aborted) {
      this.#noticed = false;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(wake, ms);
      signal.addEventListener('abort', wake, { once: true });
      this.#wake = wake;
    });
  }

  wake(): void {
    if (this.#wake) this.#wake();
    else this.#noticed = true;
  }
}
