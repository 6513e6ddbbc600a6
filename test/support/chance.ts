/**
 * fast-check for this project's specs: what fails can be had again.
 *
 *   import * as fc from '…/test/support/chance.js';   // instead of 'fast-check'
 *
 * Every run draws a new seed, unless the property fixes its own with `seed: seedOr(1)`. A failure tells the seed;
 * `FAST_CHECK_SEED=<seed> npm run jest -- --testPathPatterns <spec>` then tries the same cases in the same order.
 */
import { configureGlobal, defaultReportMessage, type RunDetails } from 'fast-check';

export * from 'fast-check';

const VARIABLE = 'FAST_CHECK_SEED';
const chosen = readSeed(process.env[VARIABLE]);

configureGlobal({ ...(chosen !== undefined && { seed: chosen }), reporter: report });

/** The seed that was asked for, else this one. */
export function seedOr(own: number): number {
  return chosen ?? own;
}

function readSeed(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const seed = Number(text);
  if (!Number.isInteger(seed)) throw new Error(`${VARIABLE} must be a whole number, not ${text}`);
  return seed;
}

function report<T>(run: RunDetails<T>): void {
  if (!run.failed) return;
  const again = `To try the same again: ${VARIABLE}=${run.seed}`;
  throw new Error(`${defaultReportMessage(run)}\n\n${again}`, { cause: run.errorInstance });
}
