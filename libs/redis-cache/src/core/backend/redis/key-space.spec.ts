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

  it.each([
    ['jobs', 'app:queue:{jobs}', 'app:dead:{jobs}'],
    ['a}b', 'app:queue:{a}b}', 'app:dead:{a}b}'],
    ['}', 'app:queue::{q}}', 'app:dead::{q}}'],
    ['}x', 'app:queue::{q}}x', 'app:dead::{q}}x'],
  ])('has the queue %j and its dead letters in one slot, under names of their own', (name, queue, dead) => {
    expect([keys.queue(name), keys.dead(name)]).toEqual([queue, dead]);
    const slots = [queue, dead].map((key) => /\{(.+?)\}/.exec(key)?.[1]);
    expect(slots[0]).toBe(slots[1]);
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
