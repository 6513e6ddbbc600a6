import { describe, expect, it } from '@jest/globals';
import {
  NO_DIRECTIVES,
  parseRequestDirectives,
  type RequestCacheAction,
  RequestCachePolicy,
  type RequestDirectives,
} from './request-policy.js';

describe('parseRequestDirectives', () => {
  it.each<[string | undefined, Partial<RequestDirectives>]>([
    [undefined, {}],
    ['', {}],
    ['no-cache', { noCache: true }],
    ['No-Cache', { noCache: true }],
    ['no-store', { noStore: true }],
    ['only-if-cached', { onlyIfCached: true }],
    ['max-age=60', { maxAgeSeconds: 60 }],
    ['max-age="60"', { maxAgeSeconds: 60 }],
    ['max-age=0', { maxAgeSeconds: 0, noCache: true }],
    ['only-if-cached , max-age = 5', { onlyIfCached: true, maxAgeSeconds: 5 }],
    ['no-transform, x-no-store, ,', {}],
    ['max-age=-1', {}],
    ['max-age=soon', {}],
    ['max-age', {}],
  ])('reads %j', (header, expected) => {
    expect(parseRequestDirectives(header)).toEqual({ ...NO_DIRECTIVES, ...expected });
  });
});

describe('RequestCachePolicy', () => {
  it.each<[string | undefined, RequestCacheAction]>([
    [undefined, 'get-or-set'],
    ['no-transform', 'get-or-set'],
    ['max-age=60', 'get-or-set'],
    ['no-cache', 'recompute'],
    ['max-age=0', 'recompute'],
    ['no-store', 'bypass'],
    ['no-store, no-cache', 'bypass'],
    ['only-if-cached', 'lookup'],
    ['only-if-cached, max-age=60', 'lookup'],
    ['only-if-cached, max-age=0', 'fail'],
    ['only-if-cached, no-cache', 'fail'],
    ['only-if-cached, no-store', 'fail'],
  ])('serves %j by %s', (header, action) => {
    const policy = RequestCachePolicy.of(header);
    expect(policy.action).toBe(action);
    expect(policy.allowsStored).toBe(action === 'get-or-set' || action === 'lookup');
    expect(policy.allowsComputing).toBe(action !== 'lookup' && action !== 'fail');
  });

  it.each([
    ['max-age=60', {}],
    ['no-cache', { readPolicy: 'no-cache' }],
    ['no-store', { readPolicy: 'no-cache', writePolicy: 'no-store' }],
  ])('gives getOrSet for %s the options %j', (header, access) => {
    expect(RequestCachePolicy.of(header).access).toEqual(access);
  });

  it.each<[string | undefined, number | null, boolean]>([
    [undefined, 1_000_000, false],
    [undefined, null, false],
    ['max-age=60', 60, false],
    ['max-age=60', 60.5, true],
    ['max-age=60', null, true],
    ['only-if-cached, max-age=60', 61, true],
  ])('of %j: whether an age of %j seconds is too old is %s', (header, ageSeconds, expected) => {
    expect(RequestCachePolicy.of(header).isTooOld({ source: 'redis', ageSeconds })).toBe(expected);
  });

  it('never calls a value too old that was just computed', () => {
    const policy = RequestCachePolicy.of('max-age=1');
    expect(policy.isTooOld({ source: 'factory', ageSeconds: 5 })).toBe(false);
  });

  it('shares one policy among the requests without the header', () => {
    expect(RequestCachePolicy.of(undefined)).toBe(RequestCachePolicy.of(''));
  });
});
