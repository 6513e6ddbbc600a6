type Handler = (call: number) => unknown;

/** Lets a test decide what the handlers of its application return, and counts their calls. */
export class HandlerScript {
  readonly #handlers = new Map<string, Handler>();
  readonly #calls = new Map<string, number>();
  #waiting: (() => void)[] = [];

  /** Sets the result of `name` from now on; `call` counts from 1. By default it is `{ name, call }`. */
  on(name: string, handler: Handler): void {
    this.#handlers.set(name, handler);
  }

  /** Called by the handlers. */
  async run(name: string): Promise<unknown> {
    const call = this.calls(name) + 1;
    this.#calls.set(name, call);
    for (const wake of this.#waiting.splice(0)) wake();
    const handler = this.#handlers.get(name);
    return handler ? handler(call) : { name, call };
  }

  calls(name: string): number {
    return this.#calls.get(name) ?? 0;
  }

  /** Resolves when the handler of `name` has been called that many times. */
  async called(name: string, times: number): Promise<void> {
    while (this.calls(name) < times) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
