import { describe, expect, it } from '@jest/globals';
import { MAX_KEY_LENGTH } from '../core/entry/arguments.js';
import { personalKey, requestKey, type RequestIdentity } from './http-cache.interceptor.js';

const REQUEST = { method: 'GET', host: 'localhost', url: '/articles?a=1&b=2', handler: 'Articles.list@' };

const keyOf = (change: Partial<RequestIdentity>): string => requestKey({ ...REQUEST, ...change });

describe('requestKey', () => {
  it('contains method and path in clear text, but not the query', () => {
    expect(requestKey(REQUEST)).toMatch(/^GET \/articles [\w-]{43}$/);
  });

  it.each<Partial<RequestIdentity>>([
    { method: 'HEAD' },
    { host: 'other' },
    { url: '/articles/?a=1&b=2' },
    { url: '/articles?a=1' },
    { url: '/articles?a=1&b=3' },
    { url: '/articles?a=2&b=1' },
    { handler: 'Articles.list@"2"' },
  ])('differs for %j', (change) => {
    expect(keyOf(change)).not.toBe(requestKey(REQUEST));
  });

  it('ignores the order of the names in the query', () => {
    expect(keyOf({ url: '/articles?b=2&a=1' })).toBe(requestKey(REQUEST));
  });

  it('respects the order of the values of one name', () => {
    expect(keyOf({ url: '/articles?a=2&a=1' })).not.toBe(keyOf({ url: '/articles?a=1&a=2' }));
  });

  it('stays below the maximum key length for any URL', () => {
    const path = `/${'x'.repeat(5_000)}`;
    expect(keyOf({ url: path }).length).toBeLessThan(MAX_KEY_LENGTH);
    expect(keyOf({ url: path })).not.toBe(keyOf({ url: `${path}y` }));
  });
});

describe('personalKey', () => {
  it('is the key itself if the request has none of the headers', () => {
    expect(personalKey('key', [undefined, undefined])).toBe('key');
  });

  it('differs for each value, and contains none', () => {
    const keys = [['secret'], ['secret2'], [undefined, 'secret'], ['secret', undefined], ['']].map((values) =>
      personalKey('key', values),
    );
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.join()).not.toContain('secret');
  });
});
