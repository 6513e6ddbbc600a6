import type { Backend } from '../../../core/backend/backend.js';

/** A defect: its description, how it is made, and the name of the one test that must detect it. */
export type Sabotage = [broken: string, sabotage: (backend: Backend) => void, found: RegExp];

/** Replaces a method by the one that `make` creates from the original. */
export function replace<Store extends object, Name extends keyof Store>(
  store: Store,
  name: Name,
  make: (original: Store[Name]) => Store[Name],
): void {
  const original = store[name];
  store[name] = make((typeof original === 'function' ? original.bind(store) : original) as Store[Name]);
}
