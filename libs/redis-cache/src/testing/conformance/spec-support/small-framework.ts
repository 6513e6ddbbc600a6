import type { TestFramework } from '../backend-conformance.js';

/** A test framework that runs the tests itself and returns the names of those that fail. */
export class SmallFramework implements TestFramework {
  readonly #path: string[] = [];
  readonly #tests: [name: string, body: () => Promise<void>][] = [];
  #before = async (): Promise<void> => {};
  #after = async (): Promise<void> => {};

  describe = (name: string, body: () => void): void => {
    this.#path.push(name);
    body();
    this.#path.pop();
  };

  it = (name: string, body: () => Promise<void>): void => {
    this.#tests.push([[...this.#path.slice(1), name].join(': '), body]);
  };

  beforeEach = (body: () => Promise<void>): void => {
    this.#before = body;
  };

  afterEach = (body: () => Promise<void>): void => {
    this.#after = body;
  };

  /** Names of all tests, without the name of the outermost group. */
  get names(): string[] {
    return this.#tests.map(([name]) => name);
  }

  /** Runs the tests whose name matches `only` and returns the names of those that fail. */
  async failures(only = /^/): Promise<string[]> {
    const failed: string[] = [];
    for (const [name, body] of this.#tests.filter(([title]) => only.test(title))) {
      await this.#before();
      await body().catch(() => failed.push(name));
      await this.#after();
    }
    return failed;
  }
}
