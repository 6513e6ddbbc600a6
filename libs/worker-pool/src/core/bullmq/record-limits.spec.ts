import { anything, assert, nat, property } from 'fast-check';
import { hasMoreText, MAX_NESTING } from 'nestjs-redis-connection';
import { judgeRecord, readRecord } from './record-limits.js';

/** What writing the value shows, for values that are not nested too deeply. */
function judgedByWriting(value: unknown, maxBytes: number): string {
  try {
    const json = JSON.stringify(value) as string | undefined;
    if (json === undefined) return 'noJson';
    return Buffer.byteLength(json) > maxBytes ? 'tooLarge' : 'fits';
  } catch {
    return 'noJson';
  }
}

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('judgeRecord', () => {
  it('agrees with the JSON of any value at any limit, and refuses more text than the limit without writing it', () => {
    const values = anything({ withBigInt: true, withDate: true, withMap: true, withSparseArray: true });
    assert(
      property(values, nat(400), (value, maxBytes) => {
        const written = judgedByWriting(value, maxBytes);
        const isLong = hasMoreText(value, maxBytes);
        if (isLong) expect(written).not.toBe('fits');
        expect(judgeRecord(value, maxBytes)).toBe(isLong ? 'tooLarge' : written);
      }),
      { numRuns: 2_000 },
    );
  });

  // The estimate must never be smaller than the JSON: each case has the most bytes for its kind of value.
  it.each([
    ['control characters', { text: '\u0000'.repeat(50) }],
    ['control characters in names', { ['\u0001'.repeat(50)]: 1 }],
    ['halves of surrogate pairs', ['\ud800'.repeat(50)]],
    ['three bytes per character', ['€'.repeat(50)]],
    ['the longest numbers', Array.from({ length: 50 }, () => -Number.MAX_VALUE)],
    ['false', Array.from({ length: 50 }, () => false)],
    ['holes', Array.from({ length: 50 })],
    ['empty objects', Array.from({ length: 50 }, () => ({}))],
    ['names of one character', Object.fromEntries(Array.from('abcdefghij', (name) => [name, '']))],
  ])('finds the exact limit for %s', (_kind, value) => {
    const size = Buffer.byteLength(JSON.stringify(value));
    for (let maxBytes = Math.floor(size / 2); maxBytes < 8 * size; maxBytes += 1) {
      expect(judgeRecord(value, maxBytes)).toBe(maxBytes < size ? 'tooLarge' : 'fits');
    }
  });

  it.each([
    ['a method toJSON decides the JSON', { toJSON: () => 'x'.repeat(1_000) }, 'tooLarge'],
    ['a method toJSON without a value', { inner: 1, toJSON: () => undefined }, 'noJson'],
    [
      'an instance with getters',
      new (class {
        get text() {
          return 'x'.repeat(1_000);
        }
      })(),
      'fits',
    ],
    [
      'a circle',
      (() => {
        const ring: unknown[] = [];
        ring.push(ring);
        return ring;
      })(),
      'noJson',
    ],
    ['a bigint inside', { count: 1n }, 'noJson'],
    ['more text than the limit, which is not written to be measured', ['x'.repeat(501), 1n], 'tooLarge'],
    ['nothing', undefined, 'noJson'],
    ['as many levels as can be read', nested(MAX_NESTING), 'fits'],
    ['one level more', nested(MAX_NESTING + 1), 'noJson'],
  ])('%s', (_case, value, expected) => {
    expect(judgeRecord(value, expected === 'tooLarge' ? 500 : 10_000)).toBe(expected);
  });
});

describe('readRecord', () => {
  it('returns what BullMQ has parsed as it is, and parses text', () => {
    const parsed = { taskId: 'a', completion: 'text' };
    expect(readRecord(parsed, 100)).toBe(parsed);
    expect(readRecord(JSON.stringify(parsed), 100)).toEqual(parsed);
  });
});
