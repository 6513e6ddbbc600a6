import { connectionFromEnv, EnvReader } from 'nestjs-redis-connection';
import { InvalidOptionsError } from '../errors/errors.js';
import { encryptionShape } from './encryption-options.js';
import { type RedisCacheOptions, redisCacheShape } from './redis-cache-options.js';

/** Returns the value of an environment variable. */
export type EnvLookup = (name: string) => unknown;

/**
 * Reads the options that have an environment variable, such as `REDIS_URL`, `REDIS_HOST`, `REDIS_KEY_PREFIX`,
 * `CACHE_TTL_SECONDS` and `CACHE_ENCRYPTION_KEYS`; the README lists them. An empty variable counts as absent.
 *
 * @throws {InvalidOptionsError} naming every variable with a wrong value; values are not repeated
 */
export function optionsFromEnv(lookup: EnvLookup): RedisCacheOptions {
  const env = new EnvReader(lookup);
  const { keys, readPlain } = env.read(encryptionShape);
  if (readPlain === true) env.require(encryptionShape.keys);
  const encryption = keys && { keys, readPlain };
  const options = { ...env.read(redisCacheShape), encryption, connection: connectionFromEnv(env) };
  env.check((name, problem) => new InvalidOptionsError(name, problem));
  return options;
}
