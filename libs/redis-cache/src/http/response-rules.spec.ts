import type { OutgoingHttpHeaders } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import { freshSeconds, isShareable } from './response-rules.js';

const NOW = Date.parse('2026-01-01T00:00:00Z');
const inSeconds = (seconds: number): string => new Date(NOW + seconds * 1000).toUTCString();

describe('freshSeconds', () => {
  const cases: [headers: OutgoingHttpHeaders, seconds: number][] = [
    [{}, Infinity],
    [{ 'cache-control': 'public' }, Infinity],
    [{ 'cache-control': 'max-age=5' }, 5],
    [{ 'cache-control': 'Public, Max-Age="5"' }, 5],
    [{ 'cache-control': 'max-age=0' }, 0],
    [{ 'cache-control': 'max-age=soon' }, 0],
    [{ 'cache-control': 'max-age' }, 0],
    [{ 'cache-control': 'max-age=5, s-maxage=60' }, 60],
    [{ 'cache-control': 's-maxage=0, max-age=60' }, 0],
    [{ 'cache-control': 'max-age=60', expires: inSeconds(-5) }, 60],
    [{ 'cache-control': 'max-age=60', age: '20' }, 40],
    [{ expires: inSeconds(30) }, 30],
    [{ expires: inSeconds(30), date: inSeconds(10) }, 20],
    [{ expires: inSeconds(-1) }, 0],
    [{ expires: '0' }, 0],
    [{ expires: 'never' }, 0],
  ];
  it.each(cases)('of %j is %d', (headers, seconds) => {
    expect(freshSeconds(headers, NOW)).toBe(seconds);
  });
});

describe('isShareable', () => {
  it.each(['no-store', 'no-cache', 'private', 'No-Cache="x"', 'private="x"', 'max-age=0'])(
    'refuses Cache-Control: %s',
    (value) => {
      expect(isShareable({ 'cache-control': value }, [])).toBe(false);
    },
  );

  it('accepts a Vary on headers of the key only', () => {
    expect(isShareable({ vary: 'Cookie' }, ['cookie'])).toBe(true);
    expect(isShareable({ vary: 'Cookie' }, [])).toBe(false);
  });
});
