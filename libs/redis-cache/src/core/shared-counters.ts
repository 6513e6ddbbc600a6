import type { CallLimit, CounterStore, LimitCount, TallyBatch, WindowCount } from './backend/backend.js';
import { assertKey } from './entry/arguments.js';
import { InvalidCallOptionError } from './errors/errors.js';
import { callOptionNames } from './errors/option-names.js';
import type { EvictionWatch } from './guard/eviction-watch.js';
import type { Guard } from './guard/guard.js';

/** Most fields that one call can add to. */
export const MAX_TALLY_FIELDS = 1_000;
/** Largest amount of one addition, so that sums stay exact for long. */
const MAX_AMOUNT = Number.MAX_SAFE_INTEGER;
const LIMIT = callOptionNames<CallLimit>({ limit: true, windowMs: true, blockMs: true });
const BATCH = callOptionNames<TallyBatch>({ writer: true, sequence: true });
/** Longest window, in milliseconds: about 24 days. */
export const MAX_WINDOW_MS = 2_147_483_647;

/** Numbers that all processes on one Redis add to. `clearCache` leaves them alone. */
export class SharedCounters {
  readonly #store: CounterStore;
  readonly #guard: Guard;
  readonly #evictions: EvictionWatch;

  /** Created by `RedisCacheService`. */
  constructor(store: CounterStore, guard: Guard, evictions: EvictionWatch) {
    this.#store = store;
    this.#guard = guard;
    this.#evictions = evictions;
  }

  /**
   * Adds to the fields of a tally, all or none. `false` means unconfirmed; with a `batch` the same call may be
   * repeated until it is confirmed, and counts once.
   *
   * @param name name of the tally, 1 to 1,024 characters
   * @param increments amounts by field, at most 1,000 fields
   * @throws {InvalidKeyError} {@link InvalidCallOptionError}
   * @example await cache.sharedCounters.add('savings', { hits: 1, dollars: 0.04 }, { writer, sequence: 7 });
   */
  async add(
    name: string,
    increments: Readonly<Record<string, number>>,
    batch?: TallyBatch,
  ): Promise<boolean> {
    assertKey(name, 'name');
    const amounts = checkedIncrements(increments);
    if (batch !== undefined) assertBatch(batch);
    if (amounts.size === 0) return true;
    // A batch that was added before counts as confirmed.
    const isAdded = await this.#guard.runWrite(
      () => this.#store.add(name, amounts, batch).then(() => true),
      false,
    );
    if (isAdded) this.#evictions.noteUse();
    return isAdded;
  }

  /**
   * Returns every field of a tally; `{}` when nothing was added yet. Fallback: `null`.
   *
   * @throws {InvalidKeyError}
   */
  async read(name: string): Promise<Record<string, number> | null> {
    assertKey(name, 'name');
    const fields = await this.#guard.run(() => this.#store.read(name), null);
    return fields && Object.fromEntries([...fields].filter(([, amount]) => Number.isFinite(amount)));
  }

  /**
   * Counts within a window that all processes share and that ends `windowMs` milliseconds after its first count.
   * Fallback: `null`, so that a limiter can let the call pass.
   *
   * @param windowMs 1 to {@link MAX_WINDOW_MS}
   * @param amount how much to count, at least 1; default 1
   * @throws {InvalidKeyError} {@link InvalidCallOptionError}
   * @example
   * const window = await cache.sharedCounters.countInWindow(`calls:${user}`, 60_000);
   * const tooMany = window !== null && window.count > 600;
   */
  async countInWindow(name: string, windowMs: number, amount: number = 1): Promise<WindowCount | null> {
    assertKey(name, 'name');
    assertWhole(windowMs, 'windowMs', MAX_WINDOW_MS);
    assertWhole(amount, 'amount', MAX_WINDOW_MS);
    return this.#guard.run(() => this.#store.countInWindow(name, windowMs, amount), null);
  }

  /**
   * Counts one call against a limit that all processes share. The first call above the limit begins a block: it and all
   * calls until the end of the block are refused; then the count begins again. One round trip. Fallback: `null`, so that
   * the caller can allow the call or count it in its process.
   *
   * @param limit calls allowed within `windowMs`, 0 or more; `windowMs` and `blockMs` up to {@link MAX_WINDOW_MS}
   * @throws {InvalidKeyError} {@link InvalidCallOptionError}
   * @example
   * const limit = { limit: 600, windowMs: 60_000, blockMs: 0 };
   * const call = await cache.sharedCounters.countLimited(`calls:${user}`, limit);
   * if (call?.blocked) refuse(call.resetMs);
   */
  async countLimited(name: string, limit: CallLimit): Promise<LimitCount | null> {
    assertKey(name, 'name');
    LIMIT.check(limit, 'limit');
    assertWhole(limit.limit, 'limit.limit', Number.MAX_SAFE_INTEGER, 0);
    assertWhole(limit.windowMs, 'limit.windowMs', MAX_WINDOW_MS);
    assertWhole(limit.blockMs, 'limit.blockMs', MAX_WINDOW_MS, 0);
    return this.#guard.run(() => this.#store.countLimited(name, limit), null);
  }
}

function checkedIncrements(increments: Readonly<Record<string, number>>): Map<string, number> {
  if (typeof increments !== 'object' || increments === null) {
    throw new InvalidCallOptionError('increments', 'must be an object of numbers');
  }
  const amounts = new Map(Object.entries(increments));
  if (amounts.size > MAX_TALLY_FIELDS) {
    throw new InvalidCallOptionError('increments', `must not have more than ${MAX_TALLY_FIELDS} fields`);
  }
  for (const [field, amount] of amounts) {
    assertKey(field, 'increments: a field');
    if (typeof amount !== 'number' || !(Math.abs(amount) <= MAX_AMOUNT)) {
      throw new InvalidCallOptionError(`increments.${field}`, `must be a number, ${MAX_AMOUNT} at most`);
    }
  }
  return amounts;
}

function assertBatch(batch: TallyBatch): void {
  BATCH.check(batch, 'batch');
  const { writer, sequence } = batch;
  assertKey(writer, 'batch.writer');
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new InvalidCallOptionError('batch.sequence', 'must be a whole number, 0 or more');
  }
}

function assertWhole(value: number, field: string, max: number, min = 1): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new InvalidCallOptionError(field, `must be a whole number from ${min} to ${max}`);
}
