/** What the matrix promises: pure data and the answers that follow from it. */

/** What a fault leaves of Redis, as one client sees it. */
export type Availability =
  /** Every call gets its value. */
  | 'available'
  /** Every call gets its fallback, and after the first one nobody waits any more. */
  | 'unavailable'
  /** Calls that change anything get their fallback. */
  | 'read-only'
  /** Calls that need memory get their fallback. */
  | 'full'
  /** Each call gets its value or its fallback, whichever the moment allows. */
  | 'unsteady';

/** What an operation needs of Redis. */
export type Need = 'nothing' | 'reads' | 'removes' | 'writes';

/** What happens to the data that Redis had confirmed before or during the fault. */
export type Data = 'kept' | 'lost';

export interface Answers {
  readonly needs: Need;
  /** The answer when Redis serves. */
  readonly value: unknown;
  /** The answer when it does not. */
  readonly fallback: unknown;
  /** The answer when Redis serves, but has lost the data. Default: `value`. */
  readonly withoutData?: unknown;
}

const ENOUGH: Record<Exclude<Availability, 'unsteady'>, readonly Need[]> = {
  available: ['nothing', 'reads', 'removes', 'writes'],
  unavailable: ['nothing'],
  'read-only': ['nothing', 'reads'],
  full: ['nothing', 'reads', 'removes'],
};

/** The word for a cell of the table. */
export function wordFor({ needs, value, fallback }: Answers, availability: Availability): string {
  if (isSame(value, fallback)) return 'value';
  if (availability === 'unsteady') return needs === 'nothing' ? 'value' : 'either';
  return ENOUGH[availability].includes(needs) ? 'value' : 'fallback';
}

/** Every answer that is allowed while the fault lasts. */
export function allowedDuring(answers: Answers, availability: Availability, data: Data): unknown[] {
  const { value, fallback } = answers;
  const word = wordFor(answers, availability);
  if (word === 'fallback') return [fallback];
  const values = data === 'kept' ? [value] : [value, valueWithout(answers)];
  return word === 'value' ? values : [...values, fallback];
}

/** The answer once the fault has ended. */
export function answerAfter(answers: Answers, data: Data): unknown {
  return data === 'kept' ? answers.value : valueWithout(answers);
}

const valueWithout = (answers: Answers): unknown =>
  'withoutData' in answers ? answers.withoutData : answers.value;

export const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);
