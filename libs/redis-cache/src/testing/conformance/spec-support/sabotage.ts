import type { Backend } from '../../../core/backend/backend.js';

/** What is broken, how, and the name of the test that has to find it. */
export type Sabotage = [broken: string, sabotage: (backend: Backend) => void, found: RegExp];

/** Replaces a method by one that is given the original. */
export function replace<Store extends object, Name extends keyof Store>(
  store: Store,
  name: Name,
  make: (original: Store[Name]) => Store[Name],
): void {
  const original = store[name];
  store[name] = make((typeof original === 'function' ? original.bind(store) : original) as Store[Name]);
}
