import { describe, expect, it } from '@jest/globals';
import { NO_DIRECTIVES, parseRequestDirectives, type RequestDirectives } from './request-directives.js';

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
