import type { CounterStore, TallyBatch, WindowCount } from '../backend/counter-store.js';
import { assertKey } from '../entry/cache-key.js';
import { InvalidCallOptionError } from '../errors/errors.js';
import type { Guard } from '../guard/guard.js';

/** Fields that one call may add to. */
export const MAX_TALLY_FIELDS = 1_000;
/** Largest amount of one addition: sums of such stay exact for long. */
const MAX_AMOUNT = Number.MAX_SAFE_INTEGER;
/** Longest window, in milliseconds: about 24 days. */
export const MAX_WINDOW_MS = 2_147_483_647;

/** Numbers that all processes on one Redis add to, over the guard. */
export class SharedCounters {
  constructor(
    private readonly store: CounterStore,
    private readonly guard: Guard,
  ) {}

  async add(
    name: string,
    increments: Readonly<Record<string, number>>,
    batch?: TallyBatch,
  ): Promise<boolean> {
    assertKey(name, 'name');
    const amounts = checkedIncrements(increments);
    if (batch) assertBatch(batch);
    if (amounts.size === 0) return true;
    // Not adding a batch a second time is what was wanted, too.
    return this.guard.runWrite(() => this.store.add(name, amounts, batch).then(() => true), false);
  }

  async read(name: string): Promise<Record<string, number> | null> {
    assertKey(name, 'name');
    const fields = await this.guard.run(() => this.store.read(name), null);
    return fields && Object.fromEntries([...fields].filter(([, amount]) => Number.isFinite(amount)));
  }

  async countInWindow(name: string, windowMs: number, amount: number): Promise<WindowCount | null> {
    assertKey(name, 'name');
    assertWhole(windowMs, 'windowMs', MAX_WINDOW_MS);
    assertWhole(amount, 'amount', MAX_WINDOW_MS);
    return this.guard.run(() => this.store.countInWindow(name, windowMs, amount), null);
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

function assertBatch({ writer, sequence }: TallyBatch): void {
  assertKey(writer, 'batch.writer');
  if (!Number.isSafeInteger(sequence) || sequence < 0) {
    throw new InvalidCallOptionError('batch.sequence', 'must be a whole number, 0 or more');
  }
}

function assertWhole(value: number, field: string, max: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= max) return;
  throw new InvalidCallOptionError(field, `must be a whole number from 1 to ${max}`);
}
