import { describe, expect, it } from '@jest/globals';
import { freezeDeep } from './task-results.js';

describe('freezeDeep', () => {
  it('freezes objects and arrays at every depth', () => {
    const value = freezeDeep({ list: [{ inner: { n: 1 } }] });
    expect(Object.isFrozen(value.list[0]?.inner)).toBe(true);
  });

  it('freezes a value that is nested more deeply than the stack', () => {
    const value = JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) as unknown[];
    let innermost = freezeDeep(value);
    while (innermost.length > 0) innermost = innermost[0] as unknown[];
    expect(Object.isFrozen(innermost)).toBe(true);
  });

  it('terminates on a circular value', () => {
    const value: { self?: unknown } = {};
    value.self = [value];
    expect(Object.isFrozen(freezeDeep(value))).toBe(true);
  });

  it('leaves values that cannot be frozen unchanged', () => {
    const value = freezeDeep({ bytes: new Uint8Array([1]), text: 'a', nothing: null });
    value.bytes[0] = 2;
    expect(value).toEqual({ bytes: new Uint8Array([2]), text: 'a', nothing: null });
  });
});
