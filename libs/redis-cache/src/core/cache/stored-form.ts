import { jsonChange } from '../util/json-change.js';
import { toJson } from '../util/json-value.js';
import type { CacheLogger } from '../util/cache-logger.js';

/** Kinds of keys that are reported; one process has few. */
const MAX_REPORTS = 100;
/** The beginning of a key up to its first separator, for keys like `user:42`. */
const NAMESPACE = /^[a-z][\w-]{0,49}(?=[:/.#| ])/i;

/**
 * Gives the callers of a computation what a later hit returns. JSON changes some values (a `Date` becomes text, a `Map`
 * an empty object): without this, code that works with a computed value fails with a stored one, minutes later.
 */
export class StoredForm {
  readonly #reported = new Set<string>();

  constructor(private readonly logger: CacheLogger) {}

  /** Returns the value itself if JSON does not change it. Otherwise parses `json`, which must be the value's JSON. */
  of(key: string, value: unknown, json: string): unknown {
    const change = jsonChange(value);
    if (change === undefined) return value;
    if (change.loss !== undefined) this.#report(key, change.loss);
    return JSON.parse(json) as unknown;
  }

  /** Once for each kind of key. */
  #report(key: string, loss: string): void {
    const namespace = NAMESPACE.exec(key)?.[0] ?? '';
    if (this.#reported.has(namespace) || this.#reported.size >= MAX_REPORTS) return;
    this.#reported.add(namespace);
    const keys = namespace === '' ? '' : ` of the keys "${namespace}…"`;
    this.logger.warn(
      `A computed value${keys} contains ${loss}, which JSON changes: its callers get it as a hit returns it. Let the factory return plain data`,
    );
  }
}

/** Returns a piece of a stream as readers in other processes get it; the piece itself if JSON cannot carry it. */
export function storedPiece(piece: unknown): unknown {
  if (jsonChange(piece) === undefined) return piece;
  const text = toJson(piece);
  return 'json' in text ? (JSON.parse(text.json) as unknown) : piece;
}
