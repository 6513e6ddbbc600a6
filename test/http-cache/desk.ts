type Answer = (call: number) => unknown;

/** What the handlers answer, as the test decides it; counts how often each was run. */
export class Desk {
  readonly #answers = new Map<string, Answer>();
  readonly #calls = new Map<string, number>();
  #waiting: (() => void)[] = [];

  /** From now on `name` is answered so; `call` counts from 1. Until then the answer is `{ name, call }`. */
  on(name: string, answer: Answer): void {
    this.#answers.set(name, answer);
  }

  async ask(name: string): Promise<unknown> {
    const call = this.calls(name) + 1;
    this.#calls.set(name, call);
    for (const wake of this.#waiting.splice(0)) wake();
    const answer = this.#answers.get(name);
    return answer ? answer(call) : { name, call };
  }

  calls(name: string): number {
    return this.#calls.get(name) ?? 0;
  }

  /** Resolves when the handler of `name` has been run so often. */
  async called(name: string, times: number): Promise<void> {
    while (this.calls(name) < times) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
