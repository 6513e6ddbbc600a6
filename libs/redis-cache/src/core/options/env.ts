import { connectionFromEnv, EnvReader } from 'nestjs-redis-connection';
import { InvalidOptionsError } from '../errors/errors.js';
import { type RedisCacheOptions, redisCacheShape } from './redis-cache-options.js';

/** Returns the value of an environment variable. */
export type EnvLookup = (name: string) => unknown;

/**
 * Reads the options that have an environment variable, such as `REDIS_URL`, `REDIS_HOST`, `REDIS_KEY_PREFIX` and
 * `CACHE_TTL_SECONDS`; the README lists them. An empty variable counts as absent.
 *
 * @throws {InvalidOptionsError} a variable has a wrong value; names the variable, not the value
 */
export function optionsFromEnv(lookup: EnvLookup): RedisCacheOptions {
  const env = new EnvReader(lookup, (name, problem) => {
    throw new InvalidOptionsError(name, problem);
  });
  return { ...env.read(redisCacheShape), connection: connectionFromEnv(env) };
}
