import { describe, expect, it } from '@jest/globals';
import { array, assert, jsonValue, nat, property } from 'fast-check';
import { ValueCounter } from './value-counter.js';

/** One per object and array, and one per element or property after the first. */
function countOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const items = Object.values(value);
  return 1 + Math.max(0, items.length - 1) + items.reduce((sum: number, item) => sum + countOf(item), 0);
}

describe('ValueCounter', () => {
  it('counts the values of any JSON text, however it is cut', () => {
    const json = jsonValue({ maxDepth: 4 });
    assert(
      property(json, array(nat(40), { minLength: 1 }), (value, sizes) => {
        const bytes = Buffer.from(JSON.stringify(value));
        const counter = new ValueCounter();
        let [at, turn, count] = [0, 0, 0];
        while (at < bytes.length) {
          const size = sizes[turn % sizes.length]! + 1;
          count = counter.add(bytes.subarray(at, at + size));
          [at, turn] = [at + size, turn + 1];
        }
        expect(count).toBe(countOf(value));
      }),
    );
  });

  it('knows the deepest level, outside strings', () => {
    const counter = new ValueCounter();
    for (const part of ['{"a":[[1],"[[[[[', '[", {"b":', '[]}], "c": [[]]}']) counter.add(Buffer.from(part));
    expect(counter.maxDepth).toBe(4);
  });

  it.each([
    ['a quote after an escaped backslash', '{"a":"\\\\","b":","}', 2],
    ['an escaped quote', '{"a":"\\",[{","b":1}', 2],
    ['commas and brackets in a string', '["[{,,,,"]', 1],
  ])('knows where a string ends: %s', (_what, text, count) => {
    for (let cut = 0; cut <= text.length; cut += 1) {
      const counter = new ValueCounter();
      counter.add(Buffer.from(text.slice(0, cut)));
      expect(counter.add(Buffer.from(text.slice(cut)))).toBe(count);
    }
  });
});
