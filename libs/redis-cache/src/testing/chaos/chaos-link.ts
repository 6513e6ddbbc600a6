import type {
  Backend,
  LinkListener,
  CacheEvent,
  CacheEventListener,
  EventChannel,
} from '../../core/backend/backend.js';
import type { ArrivalChannel, ArrivalListener } from '../../core/backend/queue-store.js';

/** A connection to a backend that can be cut: listeners are then notified that it is down, and of nothing else. */
export class ChaosLink {
  #cutBy: Error | null = null;
  #link: LinkListener | undefined;
  readonly #events = new Set<CacheEventListener>();
  readonly #arrivals = new Set<ArrivalListener>();
  /** The latest state that the backend itself reported. */
  #linkIsUp = false;
  #eventsAreUp = false;

  constructor(private readonly inner: Backend) {}

  /** @throws the reason of the cut, while the connection is cut */
  assertUp(): void {
    if (this.#cutBy) throw this.#cutBy;
  }

  cut(reason: Error): void {
    if (this.#cutBy) return;
    this.#cutBy = reason;
    this.#link?.down(reason);
    this.#notify({ type: 'down' });
  }

  restore(): void {
    if (!this.#cutBy) return;
    this.#cutBy = null;
    if (this.#linkIsUp) this.#link?.up();
    if (this.#eventsAreUp) this.#notify({ type: 'up' });
    for (const listener of this.#arrivals) listener.maybeArrived();
  }

  /** Simulates a new connection: reports down and up again, unless the connection is cut. */
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

  /** The backend's events, except while the connection is cut. */
  channel(): EventChannel {
    return {
      listen: (listener) => {
        this.#events.add(listener);
        if (this.#events.size === 1) this.inner.events.listen((event) => this.#onEvent(event));
        else if (this.#eventsAreUp && !this.#cutBy) listener({ type: 'up' });
      },
      close: () => this.inner.events.close(),
    };
  }

  /** The backend's arrivals of requests, except while the connection is cut. */
  arrivals(): ArrivalChannel {
    const forward = (listener: ArrivalListener): ArrivalListener => ({
      arrived: (queue) => void (this.#cutBy ?? listener.arrived(queue)),
      maybeArrived: () => void (this.#cutBy ?? listener.maybeArrived()),
    });
    return {
      listen: (listener) => {
        this.#arrivals.add(listener);
        this.inner.arrivals.listen(forward(listener));
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

  #onEvent(event: CacheEvent): void {
    if (event.type === 'up' || event.type === 'down') this.#eventsAreUp = event.type === 'up';
    // Only the server can report again whether it refuses to send events, so this is never held back.
    if (!this.#cutBy || event.type === 'refused') this.#notify(event);
  }

  #notify(event: CacheEvent): void {
    for (const listener of this.#events) listener(event);
  }
}
