import { describe, expect, it } from '@jest/globals';
import { InvalidRedisUrlError, parseRedisUrl } from './redis-url.js';

const PASSWORD = 'hunter2';

const refusal = (text: string): InvalidRedisUrlError => {
  try {
    parseRedisUrl(text);
  } catch (error) {
    return error as InvalidRedisUrlError;
  }
  throw new Error('the URL was accepted');
};

describe('parseRedisUrl', () => {
  it.each([
    ['redis://', { host: 'localhost', port: 6379, db: 0 }],
    ['redis://cache', { host: 'cache', port: 6379, db: 0 }],
    ['redis://cache/', { host: 'cache', port: 6379, db: 0 }],
    ['redis://cache:6380', { host: 'cache', port: 6380, db: 0 }],
    ['redis://cache:6380/3', { host: 'cache', port: 6380, db: 3 }],
    ['redis://queue:6380/3', { host: 'queue', port: 6380, db: 3 }],
    ['redis://[::1]/', { host: '::1', port: 6379, db: 0 }],
    ['redis://:p%40ss@queue', { host: 'queue', port: 6379, db: 0, password: 'p@ss' }],
    ['redis://cache?db=4', { host: 'cache', port: 6379, db: 4 }],
    ['redis://127.0.0.1:1', { host: '127.0.0.1', port: 1, db: 0 }],
    ['redis://[::1]', { host: '::1', port: 6379, db: 0 }],
    ['redis://[2001:db8::1]:6380/2', { host: '2001:db8::1', port: 6380, db: 2 }],
    ['REDIS://cache', { host: 'cache', port: 6379, db: 0 }],
    ['redis://user:pw@cache', { host: 'cache', port: 6379, db: 0, username: 'user', password: 'pw' }],
    ['redis://:pw@cache', { host: 'cache', port: 6379, db: 0, password: 'pw' }],
    ['rediss://cache', { host: 'cache', port: 6379, db: 0, tls: {} }],
    ['unix:///run/redis.sock', { path: '/run/redis.sock', db: 0 }],
    ['unix:///run/redis.sock?db=5', { path: '/run/redis.sock', db: 5 }],
    ['unix:///run/my%20redis.sock', { path: '/run/my redis.sock', db: 0 }],
  ])('reads %s', (text, options) => {
    expect(parseRedisUrl(text)).toStrictEqual(options);
  });

  it('decodes the characters that a password needs encoded', () => {
    const password = 'p@ss:w/o#r?d%[]ü ';
    const text = `redis://us%40er:${encodeURIComponent(password)}@cache`;
    expect(parseRedisUrl(text)).toMatchObject({ username: 'us@er', password, host: 'cache' });
  });

  it.each([
    ['no address', `${PASSWORD}`],
    ['nothing', ''],
    ['no slashes', 'redis:6379'],
    ['two hosts', `redis://:${PASSWORD}@a,b:6379`],
    ['a host that is wrongly encoded', `redis://:${PASSWORD}@%20`],
    ['another protocol', `http://:${PASSWORD}@cache`],
    ['a port that is no number', `redis://:${PASSWORD}@cache:port`],
    ['a port above the highest', `redis://:${PASSWORD}@cache:65536`],
    ['port 0', `redis://:${PASSWORD}@cache:0`],
    ['a database with a name', `redis://:${PASSWORD}@cache/main`],
    ['a negative database', `redis://:${PASSWORD}@cache/-1`],
    ['two databases', `redis://:${PASSWORD}@cache/1/2`],
    ['a database with a name as a parameter', `redis://:${PASSWORD}@cache?db=main`],
    ['a fragment', `redis://:${PASSWORD}@cache#1`],
    ['an unknown parameter of a socket', `unix:///run/${PASSWORD}.sock?x=1`],
    ['an unknown parameter', `redis://:${PASSWORD}@cache?commandTimeout=1`],
    ['an unknown parameter beside db', `redis://:${PASSWORD}@cache?db=1&password=${PASSWORD}`],
    ['a password that is wrongly encoded', `redis://:${PASSWORD}%zz@cache`],
    ['a user that is wrongly encoded', `redis://%zz:${PASSWORD}@cache`],
    ['a socket path that is wrongly encoded', `unix:///run/${PASSWORD}%zz`],
    ['a password with a bare slash', `redis://:12/${PASSWORD}@cache`],
    ['a password with a bare # that looks like a port', `redis://user:12#${PASSWORD}@cache`],
    ['a password with a bare ?', `redis://user:12?${PASSWORD}@cache`],
    ['a host before the path of a socket', `unix://run/${PASSWORD}.sock`],
  ])('refuses %s, and never shows the password', (_what, text) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(InvalidRedisUrlError);
    expect(error.message).toMatch(/^(must|takes) /);
    expect(JSON.stringify([error.message, error.stack, error])).not.toContain(PASSWORD);
    expect(error.cause).toBeUndefined();
  });
});
