import { afterEach, describe, expect, it } from '@jest/globals';
import { OptionNames } from './option-names.js';

interface Options {
  ttlSeconds?: number;
  tags?: string[];
}

class Refusal extends Error {
  constructor(
    readonly path: string,
    problem: string,
  ) {
    super(`${path} ${problem}`);
  }
}

const names = new OptionNames<Options>(
  { ttlSeconds: true, tags: true },
  (path, problem) => new Refusal(path, problem),
);

describe('OptionNames', () => {
  afterEach(() => {
    delete (Object.prototype as { polluted?: unknown }).polluted;
  });

  it.each([{}, { ttlSeconds: 1 }, { tags: undefined, ttlSeconds: 1 }, Object.create(null), new (class {})()])(
    'accepts %j',
    (options) => {
      expect(names.areKnown(options)).toBe(true);
      expect(() => names.check(options)).not.toThrow();
    },
  );

  it.each<[unknown, string]>([
    [{ ttl: 5 }, 'ttl is not an option; did you mean ttlSeconds?'],
    [{ colour: 5 }, 'colour is not an option'],
    [{ constructor: 5 }, 'constructor is not an option'],
    [JSON.parse('{ "__proto__": 5 }'), '__proto__ is not an option'],
    [['a'], '0 is not an option'],
    [60, 'options must be an object, such as { ttlSeconds: … }, not a number'],
    ['60', 'options must be an object, such as { ttlSeconds: … }, not a string'],
    [null, 'options must be an object, such as { ttlSeconds: … }, not null'],
    [() => {}, 'options must be an object, such as { ttlSeconds: … }, not a function'],
  ])('refuses %p', (options, message) => {
    expect(names.areKnown(options)).toBe(false);
    expect(() => names.check(options)).toThrow(message);
  });

  it('names every unknown option, and what the argument is called', () => {
    expect(() => names.check({ ttl: 1, tags: [], tag: 1 }, 'items[2]')).toThrow(
      'items[2].ttl is not an option; did you mean ttlSeconds?\nitems[2].tag is not an option; did you mean tags?',
    );
    expect(() => names.check(7, 'items[2]')).toThrow('items[2] must be an object');
  });

  it('reads the options of class instances, also inherited ones', () => {
    class Own {
      readonly ttlSeconds = 1;
      get signal(): undefined {
        return undefined;
      }
    }
    expect(names.areKnown(new Own())).toBe(true);
    expect(() => names.check(Object.create({ ttl: 5 }))).toThrow('ttl is not an option');
  });

  it('does not blame the options for what was added to all objects', () => {
    (Object.prototype as { polluted?: unknown }).polluted = true;
    expect(() => names.check({ ttlSeconds: 1 })).not.toThrow();
    expect(() => names.check({ polluted: 1 })).toThrow('polluted is not an option');
  });
});
