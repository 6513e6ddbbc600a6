/** Whatever the environment or the options hold: settings, or a typed error that names what is wrong. */
import { describe, expect, it } from '@jest/globals';
import { gatewayVariables } from '@gateway/config/gateway-variables.js';
import { InvalidEnvError, readGatewayConfig } from '@gateway/config/gateway-config.js';
import { InvalidOptionsError } from '@redis-cache/core/errors/errors.js';
import { optionsFromEnv } from '@redis-cache/core/options/env.js';
import type { RedisCacheOptions } from '@redis-cache/core/options/redis-cache-options.js';
import { resolveOptions } from '@redis-cache/core/options/redis-cache-options.schema.js';
import { InvalidPoolOptionsError } from '@worker-pool/core/contract/errors.js';
import { resolveWorkerPoolOptions, type WorkerPoolOptions } from '@worker-pool/core/options/pool-options.js';
import * as fc from '@test/support/chance.js';
import { anyJson, fuzz, FUZZ_TIMEOUT_MS, mutatedText } from './fuzz.js';

type Environment = Record<string, string>;

const REDIS = ['URL', 'HOST', 'PORT', 'USERNAME', 'PASSWORD', 'DB', 'TLS', 'SENTINELS', 'SENTINEL_NAME']
  .concat('CLUSTER_NODES', 'KEY_PREFIX', 'COMMAND_TIMEOUT_MS', 'CONNECT_TIMEOUT_MS')
  .map((name) => `REDIS_${name}`);
const VARIABLES = [...Object.keys(gatewayVariables), ...REDIS, 'CACHE_TTL_SECONDS'];
const PLAUSIBLE = [
  '0',
  '-1',
  '1e9',
  '0x10',
  'true',
  'TRUE',
  'local',
  'redis://h:1/2',
  'h:1,h:2',
  '[::1]:6379',
  'tcp://h:1',
];
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(...PLAUSIBLE),
  fc.constantFrom(...PLAUSIBLE).chain(mutatedText),
  fc.integer().map(String),
  fc.webUrl(),
);
const environment = fc.dictionary(fc.constantFrom(...VARIABLES), text, { minKeys: 1, maxKeys: 4 });

const CACHE_OPTIONS =
  'backend connection keyPrefix ttlSeconds commandTimeoutMs maxValueBytes memory near getOrSet writeBehind queue health';
const POOL_OPTIONS =
  'driver executor concurrency maxBacklog taskTimeoutMs resultTtlMs connection keyPrefix queueName role rateLimit logger';

const mutateEnvironment = (known: Environment): fc.Arbitrary<Environment> => {
  const names = Object.keys(known);
  return fc.record(Object.fromEntries(names.map((name) => [name, mutatedText(known[name]!)])));
};

describe('any settings', () => {
  it(
    'of the environment give a configuration, or an error that names a variable and repeats no value',
    () =>
      fuzz<Environment>({
        name: 'environments',
        input: environment,
        mutate: mutateEnvironment,
        check: (env) => {
          const errors = [
            failureOf(() => readGatewayConfig(env), InvalidEnvError),
            failureOf(() => optionsFromEnv((name) => env[name]), InvalidOptionsError),
          ];
          for (const message of errors.filter((one) => one !== null)) {
            expect(VARIABLES.some((name) => message.includes(name))).toBe(true);
            for (const secret of secretsOf(env)) expect(message).not.toContain(secret);
          }
        },
      }),
    FUZZ_TIMEOUT_MS,
  );

  it(
    'of the cache give options, or an error that names one',
    () =>
      fuzz<unknown>({
        name: 'cache-options',
        input: optionsWith(CACHE_OPTIONS),
        check: (options) => {
          failureOf(() => resolveOptions(options as RedisCacheOptions), InvalidOptionsError);
        },
      }),
    FUZZ_TIMEOUT_MS,
  );

  it(
    'of the pool give options, or an error that names one',
    () =>
      fuzz<unknown>({
        name: 'pool-options',
        input: optionsWith(POOL_OPTIONS),
        check: (options) => {
          failureOf(() => resolveWorkerPoolOptions(options as WorkerPoolOptions), InvalidPoolOptionsError);
        },
      }),
    FUZZ_TIMEOUT_MS,
  );
});

/** @param names separated by spaces */
function optionsWith(names: string): fc.Arbitrary<unknown> {
  const value = fc.oneof(
    anyJson,
    fc.anything(),
    fc.constantFrom('memory', 'bullmq', 'worker', NaN, Infinity, -0),
  );
  const nested = fc.dictionary(
    fc.constantFrom('url', 'host', 'port', 'db', 'ttlSeconds', 'maxEntries', '__proto__'),
    value,
  );
  return fc.oneof(
    { weight: 8, arbitrary: fc.dictionary(fc.constantFrom(...names.split(' ')), fc.oneof(value, nested)) },
    { weight: 1, arbitrary: fc.anything() },
  );
}

/** The message of the error that is allowed; `null` if there is none. Throws any other error. */
function failureOf(read: () => unknown, allowed: abstract new (...args: never[]) => Error): string | null {
  try {
    expect(read()).toBeDefined();
    return null;
  } catch (error) {
    if (!(error instanceof allowed)) throw error;
    expect(error.message).toMatch(/\S/);
    return error.message;
  }
}

/** Values that a message would not contain by chance. */
function secretsOf(env: Environment): string[] {
  return Object.values(env).filter((value) => value.length > 12 && !PLAUSIBLE.includes(value));
}
