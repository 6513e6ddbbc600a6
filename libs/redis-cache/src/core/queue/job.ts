import type { ReservedRequest } from './reservations.js';
import type { HandlerContext } from './consumer-options.js';

/** A request that this process holds. */
export class Job<T> implements HandlerContext {
  #controller: AbortController | undefined;
  /** The request is no longer this process's; what becomes of the handler does not matter. */
  lost = false;

  constructor(readonly request: ReservedRequest<T>) {}

  get id(): string {
    return this.request.id;
  }

  // Made when it is asked for: most handlers of small work never do.
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }

  lose(reason: Error): void {
    this.lost = true;
    this.#controller ??= new AbortController();
    this.#controller.abort(reason);
  }
}
