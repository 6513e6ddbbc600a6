import { describe, expect, it } from '@jest/globals';
import { InvalidOptionsError } from '../errors/errors.js';
import { optionsFromEnv } from './env.js';
import type { RedisCacheOptions } from './redis-cache-options.js';

const [KEY_1, KEY_2] = [1, 2].map((byte) => Buffer.alloc(32, byte * 77).toString('base64')) as [
  string,
  string,
];

const read = (env: Record<string, unknown>): RedisCacheOptions => optionsFromEnv((name) => env[name]);

const errorOf = (env: Record<string, unknown>): InvalidOptionsError => {
  try {
    read(env);
  } catch (error) {
    return error as InvalidOptionsError;
  }
  throw new Error('the environment was accepted');
};

describe('optionsFromEnv', () => {
  it('leaves everything to the defaults when nothing is set', () => {
    expect(read({})).toEqual({ connection: {} });
  });

  it.each([
    [{ REDIS_URL: 'redis://cache:1/2' }, { url: 'redis://cache:1/2' }],
    [{ REDIS_HOST: 'cache' }, { host: 'cache' }],
    [{ REDIS_PORT: '6380' }, { port: 6380 }],
    [{ REDIS_DB: '0' }, { db: 0 }],
    [{ REDIS_DB: '15' }, { db: 15 }],
    [{ REDIS_USERNAME: 'user' }, { username: 'user' }],
    [{ REDIS_PASSWORD: ' p@ss ' }, { password: ' p@ss ' }],
    [{ REDIS_TLS: 'true' }, { tls: true }],
    [{ REDIS_TLS: 'FALSE' }, { tls: false }],
    [{ REDIS_TLS: '1' }, { tls: true }],
    [{ REDIS_TLS: '0' }, { tls: false }],
    [{ REDIS_CLUSTER_NODES: 'a:1, b ,[::1]:3' }, { clusterNodes: nodes(['a', 1], ['b'], ['::1', 3]) }],
    [
      { REDIS_SENTINELS: 'a:26379,[2001:db8::1]', REDIS_SENTINEL_NAME: 'main', REDIS_DB: '1' },
      { sentinels: nodes(['a', 26_379], ['2001:db8::1']), sentinelName: 'main', db: 1 },
    ],
    [
      { REDIS_URL: 'redis://cache', REDIS_PASSWORD: 'pw' },
      { url: 'redis://cache', password: 'pw' },
    ],
  ])('reads %j', (env, connection) => {
    expect(read(env)).toEqual({ connection });
  });

  it.each([
    [{ REDIS_KEY_PREFIX: 'app' }, { keyPrefix: 'app' }],
    [{ CACHE_TTL_SECONDS: '0.5' }, { ttlSeconds: 0.5 }],
    [{ REDIS_COMMAND_TIMEOUT_MS: '250' }, { commandTimeoutMs: 250 }],
    [{ REDIS_CONNECT_TIMEOUT_MS: '1e3' }, { connectTimeoutMs: 1_000 }],
  ])('reads %j', (env, options) => {
    expect(read(env)).toEqual({ connection: {}, ...options });
  });

  it('reads the keys of encryption, the first of which encrypts', () => {
    const [one, two] = [KEY_1, KEY_2];
    expect(read({ CACHE_ENCRYPTION_KEYS: `2026:${one}, 2025:${two}` }).encryption).toEqual({
      keys: [
        { id: '2026', key: one },
        { id: '2025', key: two },
      ],
    });
    const env = { CACHE_ENCRYPTION_KEYS: `a:${one}`, CACHE_ENCRYPTION_READ_PLAIN: 'true' };
    expect(read(env).encryption).toEqual({ keys: [{ id: 'a', key: one }], readPlain: true });
    expect(read({ CACHE_ENCRYPTION_READ_PLAIN: 'false' }).encryption).toBeUndefined();
  });

  it.each([
    [KEY_1, /^CACHE_ENCRYPTION_KEYS must be a list of id:key, separated by commas/],
    [`a:${KEY_1}:b`, /^CACHE_ENCRYPTION_KEYS must be a list of id:key/],
    [`a:${KEY_1.slice(4)}`, /^CACHE_ENCRYPTION_KEYS must be 32 bytes in base64/],
    [`a:${KEY_1.slice(0, -3)}!!=`, /^CACHE_ENCRYPTION_KEYS must be 32 bytes in base64/],
    [`a b:${KEY_1}`, /^CACHE_ENCRYPTION_KEYS must be 1 to 32 letters/],
    [`a:${KEY_1},a:${KEY_2}`, /^CACHE_ENCRYPTION_KEYS must not contain an id twice/],
  ])('refuses wrong keys of encryption, and repeats none', (text, message) => {
    const error = errorOf({ CACHE_ENCRYPTION_KEYS: text });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain(KEY_1.slice(4, 20));
  });

  it('refuses to read plain data as well where nothing is encrypted', () => {
    expect(errorOf({ CACHE_ENCRYPTION_READ_PLAIN: 'true' }).message).toBe('CACHE_ENCRYPTION_KEYS is needed');
  });

  it('reads values that a configuration gives as numbers and booleans', () => {
    expect(read({ REDIS_PORT: 6380, REDIS_TLS: true, CACHE_TTL_SECONDS: 60 })).toEqual({
      connection: { port: 6380, tls: true },
      ttlSeconds: 60,
    });
  });

  it.each(['', undefined, null])('takes %j for absent, in every variable', (value) => {
    const names = ['REDIS_URL', 'REDIS_PORT', 'REDIS_TLS', 'REDIS_SENTINELS', 'REDIS_CLUSTER_NODES'];
    const more = ['REDIS_KEY_PREFIX', 'CACHE_TTL_SECONDS', 'REDIS_COMMAND_TIMEOUT_MS', 'REDIS_DB'];
    expect(read(Object.fromEntries([...names, ...more].map((name) => [name, value])))).toEqual({
      connection: {},
    });
  });

  it('lets an address win over a host and its port, and takes the database for either', () => {
    const env = { REDIS_URL: 'redis://cache', REDIS_HOST: 'other', REDIS_PORT: '1', REDIS_DB: '2' };
    expect(read(env)).toEqual({ connection: { url: 'redis://cache', db: 2 } });
  });

  it('completes an address with a port, unless Kubernetes has set it', () => {
    const REDIS_URL = 'redis://cache';
    expect(read({ REDIS_URL, REDIS_PORT: '6380' })).toEqual({ connection: { url: REDIS_URL, port: 6380 } });
    expect(read({ REDIS_URL, REDIS_PORT: 'tcp://10.0.0.11:6379' })).toEqual({
      connection: { url: REDIS_URL },
    });
  });

  it.each([
    [{ REDIS_HOST: 'cache:6380' }, /^REDIS_HOST must be a name or an address, without a port/],
    [{ REDIS_HOST: ' cache ' }, /^REDIS_HOST must be a name .* spaces/],
    [{ REDIS_HOST: 'redis://cache' }, /^REDIS_HOST must be a name .* REDIS_URL$/],
    [{ REDIS_HOST: '[::1]' }, /^REDIS_HOST must be a name/],
    [
      { REDIS_HOST: 'redis', REDIS_PORT: 'tcp://10.0.0.11:6379' },
      /^REDIS_PORT must .* enableServiceLinks: false$/,
    ],
    [{ REDIS_PORT: 'tcp://10.0.0.11:6379' }, /^REDIS_PORT must be a port number; Kubernetes/],
    [{ REDIS_PORT: '0x1f' }, /^REDIS_PORT must be a port number$/],
    [{ REDIS_URL: 'redis:6379' }, /^REDIS_URL must begin with redis:\/\//],
    [{ REDIS_URL: 'redis://cache/1', REDIS_DB: '2' }, /^REDIS_DB must be the same as in url$/],
    [{ REDIS_URL: 'redis://cache:1', REDIS_PORT: '2' }, /^REDIS_PORT must be the same as in url$/],
    [{ REDIS_URL: 'redis://:a@cache', REDIS_PASSWORD: 'b' }, /^REDIS_PASSWORD must be the same as in url$/],
    [{ REDIS_URL: 'rediss://cache', REDIS_TLS: 'false' }, /^REDIS_TLS must be the same as in url$/],
    [{ REDIS_CLUSTER_NODES: 'cache', REDIS_DB: '2' }, /^REDIS_DB cannot be chosen on a Cluster$/],
  ])('refuses %j', (env, message) => {
    expect(errorOf(env).message).toMatch(message);
  });

  it.each([
    ['REDIS_URL', 'hunter2'],
    ['REDIS_URL', 'http://:hunter2@cache'],
    ['REDIS_URL', 'redis://:hunter2%zz@cache'],
    ['REDIS_PORT', '0'],
    ['REDIS_PORT', '65536'],
    ['REDIS_PORT', '6379.5'],
    ['REDIS_PORT', 'hunter2'],
    ['REDIS_DB', '-1'],
    ['REDIS_DB', 'hunter2'],
    ['REDIS_TLS', 'hunter2'],
    ['REDIS_TLS', 'yes please'],
    ['REDIS_CLUSTER_NODES', 'user:hunter2@cache:1'],
    ['REDIS_CLUSTER_NODES', 'a:1,,b:2'],
    ['REDIS_CLUSTER_NODES', 'a:0'],
    ['REDIS_CLUSTER_NODES', 'a:65536'],
    ['REDIS_CLUSTER_NODES', '::1'],
    ['REDIS_SENTINELS', 'hunter2:'],
    ['REDIS_KEY_PREFIX', 'hunter2{}'],
    ['REDIS_KEY_PREFIX', 'hunter2'.repeat(100)],
    ['CACHE_TTL_SECONDS', '0'],
    ['CACHE_TTL_SECONDS', '-5'],
    ['CACHE_TTL_SECONDS', 'hunter2'],
    ['CACHE_TTL_SECONDS', 'Infinity'],
    ['CACHE_TTL_SECONDS', '1e300'],
    ['REDIS_COMMAND_TIMEOUT_MS', 'hunter2'],
    ['REDIS_COMMAND_TIMEOUT_MS', '0.5'],
    ['REDIS_COMMAND_TIMEOUT_MS', '99999999999'],
    ['REDIS_CONNECT_TIMEOUT_MS', '-1'],
    ['REDIS_CONNECT_TIMEOUT_MS', '0.5'],
  ])('names %s when it is %s, not its value', (name, value) => {
    const error = errorOf({ [name]: value });
    expect(error).toBeInstanceOf(InvalidOptionsError);
    expect(error.field).toBe(name);
    expect(error.message).toMatch(new RegExp(`^${name} `));
    expect(JSON.stringify([error.message, error.stack, error])).not.toContain('hunter2');
  });

  it('names every wrong variable', () => {
    const error = errorOf({ REDIS_PORT: 'x', REDIS_DB: '-1', CACHE_TTL_SECONDS: '0' });
    expect(error.field).toBe('CACHE_TTL_SECONDS');
    expect(error.message.split('\n')).toEqual([
      expect.stringMatching(/^CACHE_TTL_SECONDS must be a number above 0, up to /),
      'REDIS_DB must not be negative',
      'REDIS_PORT must be a port number',
    ]);
  });

  it('names the variable that is missing', () => {
    expect(errorOf({ REDIS_SENTINELS: 'a' }).message).toBe('REDIS_SENTINEL_NAME is needed');
  });
});

function nodes(...list: [string, number?][]): { host: string; port?: number }[] {
  return list.map(([host, port]) => (port === undefined ? { host } : { host, port }));
}
