import { describe, expect, it } from '@jest/globals';
import { deepFreeze, toJson } from './json-value.js';

const refuse = (): never => {
  throw new Error('no');
};

describe('deepFreeze', () => {
  it('freezes objects and arrays all the way down, and returns its argument', () => {
    const value = { list: [[{ a: 1 }]], none: Object.assign(Object.create(null) as object, { b: {} }) };
    expect(deepFreeze(value)).toBe(value);
    const parts = [value, value.list, value.list[0], value.list[0]![0], value.none];
    for (const part of parts) expect(Object.isFrozen(part)).toBe(true);
    expect(Object.isFrozen((value.none as unknown as { b: object }).b)).toBe(true);
  });

  it('freezes the contents of an object that is frozen already', () => {
    const value = Object.freeze({ list: [{ a: 1 }] });
    deepFreeze(value);
    expect(Object.isFrozen(value.list)).toBe(true);
    expect(Object.isFrozen(value.list[0])).toBe(true);
  });

  it('handles a circular value', () => {
    const value: Record<string, unknown> = { inner: {} };
    value['self'] = value;
    (value['inner'] as Record<string, unknown>)['up'] = Object.freeze([value]);
    expect(Object.isFrozen(deepFreeze(value)['inner'])).toBe(true);
  });

  it('handles 100,000 levels', () => {
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

  it.each([null, undefined, 0, '', 'text', 1n, true])('returns %p unchanged', (value) => {
    expect(deepFreeze(value)).toBe(value);
  });
});

const problemOf = (value: unknown): string => {
  const text = toJson(value);
  if (!('problem' in text)) throw new Error(`was written as ${text.json}`);
  return text.problem;
};

const throwing = (thrown: unknown): { toJSON(): never } => ({
  toJSON() {
    throw thrown;
  },
});

describe('toJson', () => {
  it.each([
    [{ a: [1, 'x', null, true] }, '{"a":[1,"x",null,true]}'],
    ['', '""'],
    [0, '0'],
    [null, 'null'],
    [false, 'false'],
    [Number.NaN, 'null'],
    [{ kept: 1, dropped: undefined, also: () => 1 }, '{"kept":1}'],
    [new Date(0), '"1970-01-01T00:00:00.000Z"'],
    [{ toJSON: () => ({ own: 'form' }) }, '{"own":"form"}'],
    [JSON.parse('{"__proto__":{"a":1}}'), '{"__proto__":{"a":1}}'],
  ])('writes %j', (value, json) => {
    expect(toJson(value)).toEqual({ json });
  });

  it.each([
    ['undefined', undefined],
    ['function', () => 1],
    ['symbol', Symbol('s')],
  ])('has no form for a %s', (type, value) => {
    expect(problemOf(value)).toBe(`JSON has no form for a ${type}`);
  });

  it('has no JSON for a value whose toJSON returns undefined', () => {
    expect(problemOf({ toJSON: () => undefined })).toMatch(/^JSON has no form/);
  });

  it('reports a circular value in one line', () => {
    const circular: Record<string, unknown> = { list: [] };
    circular['self'] = circular;
    expect(problemOf(circular)).toMatch(/circular/i);
    expect(problemOf(circular)).not.toContain('\n');
  });

  it.each([
    ['at the top', 1n],
    ['inside', { amount: [1n] }],
  ])('reports a BigInt %s', (_where, value) => {
    expect(problemOf(value)).toMatch(/BigInt/);
  });

  it('reports a value that is nested too deeply to be written', () => {
    let nested: unknown = 1;
    for (let depth = 0; depth < 100_000; depth += 1) nested = [nested];
    expect(problemOf(nested)).toMatch(/call stack/i);
  });

  it.each([
    ['an error', new Error('no form today\nsecond line'), 'no form today'],
    ['an error without a message', new Error(''), undefined],
    ['a text', 'a text', undefined],
    ['undefined', undefined, undefined],
    ['a symbol', Symbol('s'), undefined],
    ['an object without a prototype', Object.create(null), undefined],
    ['an error whose message is none', Object.assign(new Error('x'), { message: { a: 1 } }), undefined],
    ['an object that cannot be written', { toString: () => ({}) }, undefined],
  ])('reports a toJSON that throws %s', (_what, thrown, problem) => {
    const reported = problemOf(throwing(thrown));
    expect(typeof reported).toBe('string');
    expect(reported.length).toBeGreaterThan(0);
    if (problem !== undefined) expect(reported).toBe(problem);
  });

  it('reports a getter that throws', () => {
    const value = {
      get broken(): never {
        throw new Error('cannot be read');
      },
    };
    expect(problemOf(value)).toBe('cannot be read');
  });
});
