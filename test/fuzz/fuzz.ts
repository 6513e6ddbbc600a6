/**
 * Fuzzing: inputs at random, and mutations of those in `corpus/`, which are replayed first. Whatever the input is, the
 * promises of the target hold. A failure shows the smallest input that was found and the seed; add the input to the
 * target's file in `corpus/`, so that it is tried in every run.
 *
 * `npm test` tries a few hundred inputs from a fixed seed; `npm run fuzz -- --minutes N [--seed S]` goes on for that long.
 */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as fc from '@test/support/chance.js';
import { longRun } from '@test/support/long-run.js';

export interface FuzzTarget<Input> {
  /** Also the name of the corpus: `corpus/<name>.json`, a list of inputs. */
  name: string;
  input: fc.Arbitrary<Input>;
  /** Changes an input of the corpus. Default: it is taken as it is. */
  mutate?: (input: Input) => fc.Arbitrary<Input>;
  /** Inputs of a run in `npm test`, in addition to the corpus. Default: 300. */
  runs?: number;
  /** Throws unless the promises hold. */
  check(input: Input): void | Promise<void>;
}

/** How many targets share the minutes of a long run. */
const TARGETS = 7;
const RUNS = 300;
const { minutes, seed } = longRun({ minutes: 0, seed: 20_261_128 });
/** Of the test of one target, in milliseconds. */
export const FUZZ_TIMEOUT_MS = 120_000 + minutes * 60_000;
const shape = Object.getOwnPropertyNames(Object.prototype).join();

export async function fuzz<Input>(target: FuzzTarget<Input>): Promise<void> {
  const corpus = corpusOf<Input>(target.name);
  let count = 0;
  const check = async (input: Input): Promise<void> => {
    count += 1;
    await target.check(input);
    assertPrototype();
  };
  for (const input of corpus) await check(input);
  const known = fc.constantFrom(...corpus).chain(target.mutate ?? ((input) => fc.constant(input)));
  const property = fc.asyncProperty(fc.oneof(target.input, known), check);
  const limits = minutes === 0 ? { numRuns: target.runs ?? RUNS } : longLimits();
  await fc.assert(property, { seed: fc.seedOr(seed), ...limits });
  process.stdout.write(`fuzz ${target.name}: seed ${fc.seedOr(seed)}, ${count} inputs\n`);
}

function longLimits(): { numRuns: number; interruptAfterTimeLimit: number } {
  return { numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: (minutes * 60_000) / TARGETS };
}

function corpusOf<Input>(name: string): Input[] {
  return JSON.parse(readFileSync(resolve(`test/fuzz/corpus/${name}.json`), 'utf8')) as Input[];
}

function assertPrototype(): void {
  if (Object.getOwnPropertyNames(Object.prototype).join() === shape) return;
  throw new Error('Object.prototype has another property');
}

/** Texts with characters of a text replaced, removed, repeated or inserted. */
export function mutatedText(text: string): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat({ max: text.length }),
    removed: fc.nat({ max: 8 }),
    inserted: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 4 }),
      fc.constantFrom('\0', '{', '"', '\\', '\n', '9e999'),
    ),
    times: fc.constantFrom(1, 1, 1, 2, 1_000),
  });
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => {
    let result = text;
    for (const { at, removed, inserted, times } of changes) {
      result = result.slice(0, at) + inserted.repeat(times) + result.slice(at + removed);
    }
    return result;
  });
}

/** Any JSON value, with names that have a meaning elsewhere. */
export const anyJson: fc.Arbitrary<unknown> = fc
  .anything({
    key: fc.oneof(
      fc.string(),
      fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'toJSON'),
    ),
    withNullPrototype: false,
    maxDepth: 4,
  })
  .map((value) => JSON.parse(JSON.stringify(value) ?? 'null') as unknown);
