import { describe, expect, it } from '@jest/globals';
import { KeySpace } from './key-space.js';

/** The text that a glob of Redis without wildcards stands for; fails on an unescaped special character. */
const literalOf = (pattern: string): string => {
  expect(pattern).toMatch(/^(?:\\.|[^*?[\]^\\-])*\*$/su);
  return pattern.slice(0, -1).replaceAll(/\\(.)/gs, '$1');
};

describe('KeySpace', () => {
  const keys = new KeySpace('app');

  it.each([
    ['plain', 'app:cache:{plain}'],
    ['a}b', 'app:cache:{a}b}'],
    ['}', 'app:cache:{}}'],
    ['{x}', 'app:cache:{{x}}'],
    ['', 'app:cache:{}'],
    ['a:b*?', 'app:cache:{a:b*?}'],
  ])('takes the key %j literally', (key, expected) => {
    expect(keys.entry(key)).toBe(expected);
  });

  it('keeps entries, queues and its own probe apart', () => {
    const names = [keys.entry('requests'), keys.queue('requests'), keys.probe];
    expect(names).toEqual(['app:cache:{requests}', 'app:queue:{requests}', 'app:probe']);
    expect(names.filter((name) => name.startsWith(literalOf(keys.entryPattern(''))))).toEqual([names[0]]);
  });

  it.each(['app', 'app*', 'a[b]', 'a?', String.raw`back\slash`, 'a^b', '[a-z]', '**', ':', 'ü', '\\', ']'])(
    'has a pattern that stands for the prefix %j alone',
    (prefix) => {
      const space = new KeySpace(prefix);
      expect(literalOf(space.entryPattern(''))).toBe(`${prefix}:cache:{`);
      expect(space.entry('key').startsWith(literalOf(space.entryPattern('')))).toBe(true);
    },
  );

  it('escapes what the client itself puts before each key as well', () => {
    expect(literalOf(keys.entryPattern('tenant[1]*:'))).toBe('tenant[1]*:app:cache:{');
  });
});
