let created = 0;

/**
 * Holds options that may contain a password or a key, so that whoever logs the object that holds it, such as a dynamic
 * module of Nest, does not log them.
 */
export class Concealed<T> {
  /** Distinguishes two of them where only what is visible is compared. */
  readonly id = (created += 1);
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  // A method, because a getter is evaluated by `util.inspect` with `getters`.
  reveal(): T {
    return this.#value;
  }
}

/** A provider of a dependency injection container, with a value or a factory. */
interface ProviderShape {
  provide: unknown;
  useValue?: unknown;
  useFactory?: (...args: never[]) => unknown;
}

/**
 * Returns a provider that gives a {@link Concealed} of what the given one gives. For the options of a module: the container
 * keeps them, and whoever logs the module or the application would log their password.
 */
export function concealing<P>(provider: P): P {
  const { useValue, useFactory, ...rest } = provider as ProviderShape;
  if (useFactory === undefined) return { ...rest, useValue: new Concealed(useValue) } as P;
  const create = useFactory as (...args: unknown[]) => unknown;
  return { ...rest, useFactory: async (...args: unknown[]) => new Concealed(await create(...args)) } as P;
}
