import { describe, expect, it } from '@jest/globals';
import { entityTagOf, matchesEntityTag } from './entity-tag.js';

describe('entityTagOf', () => {
  it('is strong, the same for the same body and another for another', () => {
    expect(entityTagOf('a')).toBe('"ypeBEsobvcr6wjGzmiPcTaeG7_gUfE5yuYB3ha_uSLs"');
    expect(entityTagOf('b')).not.toBe(entityTagOf('a'));
  });
});

describe('matchesEntityTag', () => {
  it.each([
    ['"a"', '"a"'],
    ['W/"a"', '"a"'],
    ['"a"', 'W/"a"'],
    ['"x", "a"', '"a"'],
    ['"x",W/"a" , "y"', '"a"'],
    ['"x,y", "a"', '"a"'],
    ['"a,b"', '"a,b"'],
    ['*', '"a"'],
    [' * ', '"a"'],
  ])('%s names %s', (header, tag) => {
    expect(matchesEntityTag(header, tag)).toBe(true);
  });

  it.each([
    [undefined, '"a"'],
    ['', '"a"'],
    ['"b"', '"a"'],
    ['a', '"a"'],
    ['"A"', '"a"'],
    ['"a', '"a"'],
    ['"x a y"', '"a"'],
    ['"*"', '"a"'],
    ['*, "b"', '"a"'],
  ])('%s does not name %s', (header, tag) => {
    expect(matchesEntityTag(header, tag)).toBe(false);
  });
});
