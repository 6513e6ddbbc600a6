import { describe, expect, it } from '@jest/globals';
import type { CacheResultStatus } from '../core/cache/cache-result.js';
import {
  type CacheStatus,
  cacheStatusOf,
  entityTagOf,
  formatCacheStatus,
  forwarded,
  matchesEntityTag,
} from './response-headers.js';

function headerOf(status: CacheResultStatus, stored: boolean, writable = true): string {
  return formatCacheStatus(cacheStatusOf({ status, stored, ttlSeconds: 9.9 }, writable));
}

describe('formatCacheStatus', () => {
  it.each<[CacheStatus, string]>([
    [{ outcome: 'hit', ttlSeconds: 3412.7 }, 'redis-cache; hit; ttl=3412'],
    [{ outcome: 'hit', ttlSeconds: null }, 'redis-cache; hit'],
    [forwarded('miss'), 'redis-cache; fwd=miss'],
    [forwarded('miss', { stored: true }), 'redis-cache; fwd=miss; stored'],
    [forwarded('miss', { collapsed: true }), 'redis-cache; fwd=miss; collapsed'],
    [forwarded('request', { stored: true }), 'redis-cache; fwd=request; stored'],
    [forwarded('stale'), 'redis-cache; fwd=stale'],
    [forwarded('bypass'), 'redis-cache; fwd=bypass; detail=redis-unavailable'],
    [{ outcome: 'unsatisfied' }, 'redis-cache; detail=only-if-cached'],
  ])('writes %j as RFC 9211 has it', (status, header) => {
    expect(formatCacheStatus(status)).toBe(header);
  });
});

describe('cacheStatusOf', () => {
  it.each<[CacheResultStatus, boolean, string]>([
    ['hit', true, 'redis-cache; hit; ttl=9'],
    ['stale', true, 'redis-cache; fwd=stale'],
    ['miss', true, 'redis-cache; fwd=miss; stored'],
    ['miss', false, 'redis-cache; fwd=miss'],
    ['collapsed', true, 'redis-cache; fwd=miss; collapsed'],
    ['bypass', false, 'redis-cache; fwd=bypass; detail=redis-unavailable'],
  ])('says of a %s (stored: %s) %s', (status, stored, header) => {
    expect(headerOf(status, stored)).toBe(header);
  });

  it('counts a server that refuses writes as unavailable', () => {
    expect(headerOf('miss', false, false)).toBe('redis-cache; fwd=bypass; detail=redis-unavailable');
    expect(headerOf('miss', true, false)).toBe('redis-cache; fwd=miss; stored');
  });
});

describe('entityTagOf', () => {
  it('is strong, equal for equal bodies and different for different ones', () => {
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
