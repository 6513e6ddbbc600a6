import { describe, expect, it } from '@jest/globals';
import * as fc from '@test/support/chance.js';
import { judge, type Point } from './flatness.js';

const LIMIT = { ratio: 0.02, absolute: 0 };

function series(count: number, valueAt: (minute: number) => number): Point[] {
  return Array.from({ length: count }, (_, minute) => ({ minute, value: valueAt(minute) }));
}

describe('a series of samples', () => {
  it('is flat when it only scatters around a level', () => {
    const noise = fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 12, maxLength: 60 });
    fc.assert(
      fc.property(noise, (values) => {
        // The same values forwards and backwards have no trend.
        const both = [...values, ...values.toReversed()];
        expect(
          judge(
            series(both.length, (at) => 1_000 + both[at]!),
            LIMIT,
          ).isFlat,
        ).toBe(true);
      }),
    );
  });

  it('is not flat when it grows by more than the limit, under any scatter smaller than the growth', () => {
    const noise = fc.array(fc.integer({ min: -10, max: 10 }), { minLength: 30, maxLength: 30 });
    fc.assert(
      fc.property(noise, (values) => {
        const { isFlat, growth } = judge(
          series(30, (at) => 1_000 + 4 * at + values[at]!),
          LIMIT,
        );
        expect(isFlat).toBe(false);
        expect(growth).toBeGreaterThan(60);
      }),
    );
  });

  it('is flat in spite of outliers, and when it shrinks or grows within the limit', () => {
    expect(
      judge(
        series(20, (at) => (at === 19 ? 9_000 : 1_000)),
        LIMIT,
      ).isFlat,
    ).toBe(true);
    expect(
      judge(
        series(20, (at) => 1_000 - 10 * at),
        LIMIT,
      ).isFlat,
    ).toBe(true);
    expect(
      judge(
        series(20, (at) => 1_000 + at),
        LIMIT,
      ),
    ).toMatchObject({ isFlat: true, growth: 19 });
    expect(
      judge(
        series(20, (at) => at),
        { ratio: 0, absolute: 20 },
      ).isFlat,
    ).toBe(true);
  });

  it('is refused when it is too short to be judged', () => {
    expect(() =>
      judge(
        series(5, () => 1),
        LIMIT,
      ),
    ).toThrow('6 are needed');
  });
});
