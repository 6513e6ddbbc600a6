import { describe, expect, it } from '@jest/globals';
import * as fc from './chance.js';

const SEED = 20_261_125;

/** The numbers that a property was tried with. */
function tried(parameters: fc.Parameters<[number]>): number[] {
  const numbers: number[] = [];
  fc.assert(
    fc.property(fc.integer(), (number) => void numbers.push(number)),
    parameters,
  );
  return numbers;
}

describe('a property', () => {
  it('that fails tells how to try the same again', () => {
    const fail = (): void =>
      fc.assert(
        fc.property(fc.integer(), () => false),
        { seed: SEED },
      );
    expect(fail).toThrow(new RegExp(`Property failed[^]*FAST_CHECK_SEED=${SEED}`));
  });

  it('that fails keeps what went wrong as the cause', () => {
    const broken = new Error('broken');
    const fail = (): void =>
      fc.assert(
        fc.property(fc.integer(), () => {
          throw broken;
        }),
      );
    expect(fail).toThrow(expect.objectContaining({ cause: broken }));
  });

  it('is tried with the same for the same seed', () => {
    expect(tried({ seed: SEED })).toEqual(tried({ seed: SEED }));
    expect(tried({ seed: SEED })).not.toEqual(tried({ seed: SEED + 1 }));
  });

  it('keeps its own seed, unless another was asked for', () => {
    const asked = process.env['FAST_CHECK_SEED'];
    expect(fc.seedOr(SEED)).toBe(asked === undefined ? SEED : Number(asked));
  });
});
