import { type OptionProblem, refused } from './option-problems.js';
import { nearestOption, unknownOption } from './unknown-option.js';

/**
 * The names of the options of a call. Checks a few names in a few nanoseconds each, so that it can be done on every
 * call. Types do not protect callers in JavaScript, nor those that build their options elsewhere.
 *
 * @example
 * const WAIT_OPTIONS = new OptionNames<WaitOptions>({ timeoutMs: true, signal: true }, refuse);
 * WAIT_OPTIONS.check({ timeout: 5 }); // throws "timeout is not an option; did you mean timeoutMs?"
 */
export class OptionNames<Options extends object> {
  readonly #known: Readonly<Record<string, unknown>>;
  readonly #names: readonly string[];

  /**
   * @param names every option; the values do not matter, so the shape of a schema will do
   * @param refuse makes the library's own error
   */
  constructor(
    names: Readonly<Record<keyof Options & string, unknown>>,
    private readonly refuse: (path: string, problem: string) => Error,
  ) {
    this.#names = Object.keys(names);
    // Without a prototype, so that `constructor` is no known name.
    this.#known = Object.assign(
      Object.create(null) as Record<string, unknown>,
      Object.fromEntries(this.#names.map((name) => [name, true])),
    );
  }

  /** Whether the options are an object and have known names only. Never throws. */
  areKnown(options: unknown): boolean {
    if (typeof options !== 'object' || options === null) return false;
    // Several times as fast as Object.keys, which creates an array.
    for (const name in options) if (this.#known[name] !== true) return false;
    return true;
  }

  /**
   * Throws the library's own error unless the options are an object and have known names only.
   *
   * @param argument name of the argument in errors; options of an argument that is not called `options` get it as prefix
   */
  check(options: unknown, argument = 'options'): void {
    if (this.areKnown(options)) return;
    const problems = this.#problemsOf(options, argument);
    if (problems.length > 0) throw refused(problems, this.refuse);
  }

  #problemsOf(options: unknown, argument: string): OptionProblem[] {
    if (typeof options !== 'object' || options === null) {
      const problem = `must be an object, such as { ${this.#names[0]}: … }, not ${kindOf(options)}`;
      return [{ path: argument, problem }];
    }
    const prefix = argument === 'options' ? '' : `${argument}.`;
    return namesOf(options)
      .filter((name) => this.#known[name] !== true)
      .map((name) => ({
        path: prefix + name,
        problem: unknownOption(nearestOption(name, this.#names)),
      }));
  }
}

/** Returns the names that `for … in` visits, without what someone has added to all objects. */
function namesOf(options: object): string[] {
  const names: string[] = [];
  for (const name in options) {
    if (Object.hasOwn(options, name) || !(name in Object.prototype)) names.push(name);
  }
  return names;
}

function kindOf(value: unknown): string {
  return value === null ? 'null' : `a ${typeof value}`;
}
