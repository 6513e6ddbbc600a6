import type {
  Backend,
  LinkListener,
  CacheEvent,
  CacheEventListener,
  EventChannel,
} from '../../core/backend/backend.js';
import type { ArrivalChannel, ArrivalListener } from '../../core/backend/queue-store.js';

/** The way to a backend, which can be cut: its listeners then hear that it is down, and nothing else. */
export class ChaosLink {
  #cutBy: Error | null = null;
  #link: LinkListener | undefined;
  readonly #events = new Set<CacheEventListener>();
  readonly #arrivals = new Set<ArrivalListener>();
  /** What the backend itself said last. */
  #linkIsUp = false;
  #eventsAreUp = false;

  constructor(private readonly inner: Backend) {}

  /** @throws the reason it was cut by */
  assertUp(): void {
    if (this.#cutBy) throw this.#cutBy;
  }

  cut(reason: Error): void {
    if (this.#cutBy) return;
    this.#cutBy = reason;
    this.#link?.down(reason);
    this.#tell({ type: 'down' });
  }

  restore(): void {
    if (!this.#cutBy) return;
    this.#cutBy = null;
    if (this.#linkIsUp) this.#link?.up();
    if (this.#eventsAreUp) this.#tell({ type: 'up' });
    for (const listener of this.#arrivals) listener.maybeArrived();
  }

  /** As a new connection: down for a moment, and up again unless it was cut. */
  renew(reason: Error): void {
    if (this.#cutBy || !this.#linkIsUp) return;
    this.#link?.down(reason);
    this.#link?.up();
  }

  watch(listener: LinkListener): void {
    this.#link = listener;
    if (this.#cutBy) listener.down(this.#cutBy);
    this.inner.watch({ up: () => this.#onUp(listener), down: (reason) => this.#onDown(listener, reason) });
  }

  /** The backend's events, as far as they get through. */
  channel(): EventChannel {
    return {
      listen: (listener) => {
        this.#events.add(listener);
        if (this.#events.size === 1) this.inner.events.listen((event) => this.#hear(event));
      },
      close: () => this.inner.events.close(),
    };
  }

  /** Arrivals of requests, as far as they get through. */
  arrivals(): ArrivalChannel {
    const passOn = (listener: ArrivalListener): ArrivalListener => ({
      arrived: (queue) => void (this.#cutBy ?? listener.arrived(queue)),
      maybeArrived: () => void (this.#cutBy ?? listener.maybeArrived()),
    });
    return {
      listen: (listener) => {
        this.#arrivals.add(listener);
        this.inner.arrivals.listen(passOn(listener));
      },
      close: () => this.inner.arrivals.close(),
    };
  }

  #onUp(listener: LinkListener): void {
    this.#linkIsUp = true;
    if (!this.#cutBy) listener.up();
  }

  #onDown(listener: LinkListener, reason: Error): void {
    this.#linkIsUp = false;
    if (!this.#cutBy) listener.down(reason);
  }

  #hear(event: CacheEvent): void {
    if (event.type === 'up' || event.type === 'down') this.#eventsAreUp = event.type === 'up';
    // Whether the server tells at all is known again only from it, so that news is never held back.
    if (!this.#cutBy || event.type === 'refused') this.#tell(event);
  }

  #tell(event: CacheEvent): void {
    for (const listener of this.#events) listener(event);
  }
}
