import { describe, expect, it } from '@jest/globals';
import { hasMoreText } from './text-size.js';

describe('hasMoreText', () => {
  const text = 'x'.repeat(10);

  it.each<[unknown, boolean]>([
    [text, false],
    [`${text}x`, true],
    [{ a: [text], b: { c: 'y' } }, true],
    [{ a: [text], b: { c: 1 } }, false],
    [{ text: `${text}x`, toJSON: () => 1 }, false],
    [new Map([['a', `${text}x`]]), false],
    [undefined, false],
  ])('sums the texts of a plain value %#', (value, isMore) => {
    expect(hasMoreText(value, 10)).toBe(isMore);
  });

  it('ends for a circular structure', () => {
    const circle: Record<string, unknown> = { text };
    circle['itself'] = circle;
    circle['twice'] = circle;
    expect(hasMoreText(circle, text.length)).toBe(false);
  });
});
