import { describe, expect, it } from '@jest/globals';
import { readRedisUrl } from './redis-url.js';

describe('readRedisUrl', () => {
  it.each([
    ['redis://queue', { host: 'queue', port: 6379, db: 0 }],
    ['redis://queue:6380/3', { host: 'queue', port: 6380, db: 3 }],
    ['redis://[::1]/', { host: '::1', port: 6379, db: 0 }],
    ['redis://:p%40ss@queue', { host: 'queue', port: 6379, db: 0, password: 'p@ss' }],
    ['redis://user:pw@queue', { host: 'queue', port: 6379, db: 0, username: 'user', password: 'pw' }],
    ['unix:///run/redis.sock', { path: '/run/redis.sock', db: 0 }],
    ['unix:///run/redis.sock?db=2', { path: '/run/redis.sock', db: 2 }],
    ['rediss://queue', { host: 'queue', port: 6379, db: 0, tls: {} }],
  ])('reads %s', (text, options) => {
    expect(readRedisUrl(text)).toEqual(options);
  });

  it.each([
    '',
    'queue',
    'http://queue',
    'redis://queue:0',
    'redis://queue/name',
    'redis://queue?x=1',
    'redis://queue#1',
    'redis://:%zz@queue',
    'unix://run/redis.sock',
    'unix:///run/redis.sock?x=1',
  ])('refuses %p', (text) => {
    expect(readRedisUrl(text)).toBeNull();
  });
});
