import { describe, expect, it } from '@jest/globals';
import { deepFreeze } from './deep-freeze.js';

const refuse = (): never => {
  throw new Error('no');
};

describe('deepFreeze', () => {
  it('freezes objects and arrays all the way down, and answers what it was given', () => {
    const value = { list: [[{ a: 1 }]], none: Object.assign(Object.create(null) as object, { b: {} }) };
    expect(deepFreeze(value)).toBe(value);
    const parts = [value, value.list, value.list[0], value.list[0]![0], value.none];
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true);
    expect(Object.isFrozen((value.none as unknown as { b: object }).b)).toBe(true);
  });

  it('freezes what lies in an object that is frozen already', () => {
    const value = Object.freeze({ list: [{ a: 1 }] });
    deepFreeze(value);
    expect(Object.isFrozen(value.list)).toBe(true);
    expect(Object.isFrozen(value.list[0])).toBe(true);
  });

  it('comes to an end with a circular value', () => {
    const value: Record<string, unknown> = { inner: {} };
    value['self'] = value;
    (value['inner'] as Record<string, unknown>)['up'] = Object.freeze([value]);
    expect(Object.isFrozen(deepFreeze(value)['inner'])).toBe(true);
  });

  it('comes to an end with 100,000 levels', () => {
    let value: unknown[] = [];
    const bottom = value;
    for (let level = 0; level < 100_000; level += 1) value = [value];
    deepFreeze(value);
    expect(Object.isFrozen(bottom)).toBe(true);
  });

  it('leaves class instances, buffers and functions alone', () => {
    const buffer = Buffer.from('abc');
    const value = { date: new Date(0), map: new Map([['a', {}]]), buffer, call: () => 1 };
    deepFreeze(value);
    for (const part of [value.date, value.map, value.buffer, value.call]) {
      expect(Object.isFrozen(part)).toBe(false);
    }
    buffer[0] = 0;
    expect(buffer[0]).toBe(0);
  });

  it('never throws, whatever a getter or a proxy does', () => {
    const hostile = new Proxy([], { preventExtensions: refuse });
    const value = { hostile };
    Object.defineProperty(value, 'trap', { get: refuse, enumerable: true });
    expect(deepFreeze(value)).toBe(value);
  });

  it.each([null, undefined, 0, '', 'text', 1n, true])('lets %p pass', (value) => {
    expect(deepFreeze(value)).toBe(value);
  });
});
