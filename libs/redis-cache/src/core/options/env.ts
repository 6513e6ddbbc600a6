import { connectionFromEnv, EnvReader } from 'nestjs-redis-connection';
import { InvalidOptionsError } from '../errors/errors.js';
import { resolveOptions } from './redis-cache-options.schema.js';
import type { RedisCacheOptions } from './redis-cache-options.js';

/** Returns the value of an environment variable. */
export type EnvLookup = (name: string) => unknown;

/** The name under which a user knows an option that the environment sets. */
const VARIABLES = {
  keyPrefix: 'REDIS_KEY_PREFIX',
  ttlSeconds: 'CACHE_TTL_SECONDS',
  commandTimeoutMs: 'REDIS_COMMAND_TIMEOUT_MS',
  connectTimeoutMs: 'REDIS_CONNECT_TIMEOUT_MS',
};

/**
 * Options from environment variables. An empty variable counts as absent.
 *
 * | variable | option |
 * |---|---|
 * | `REDIS_URL` | `connection.url`; wins over `REDIS_HOST`, `REDIS_PORT` and `REDIS_DB` |
 * | `REDIS_HOST` `REDIS_PORT` `REDIS_DB` | the same fields of `connection` |
 * | `REDIS_USERNAME` `REDIS_PASSWORD` | the same |
 * | `REDIS_TLS` | `true` or `false` |
 * | `REDIS_SENTINELS` `REDIS_SENTINEL_NAME` | `host:port,host:port` and the master's name |
 * | `REDIS_CLUSTER_NODES` | `host:port,host:port` |
 * | `REDIS_KEY_PREFIX` | `keyPrefix` |
 * | `CACHE_TTL_SECONDS` | `ttlSeconds` |
 * | `REDIS_COMMAND_TIMEOUT_MS` `REDIS_CONNECT_TIMEOUT_MS` | `commandTimeoutMs`, `connectTimeoutMs` |
 *
 * @throws {InvalidOptionsError} a variable has a wrong value; names the variable, not the value
 */
export function optionsFromEnv(lookup: EnvLookup): RedisCacheOptions {
  const env = new EnvReader(lookup, (name, problem) => {
    throw new InvalidOptionsError(name, problem);
  });
  const options = withoutAbsent({
    connection: connectionFromEnv(env),
    keyPrefix: env.text('REDIS_KEY_PREFIX'),
    ttlSeconds: env.number('CACHE_TTL_SECONDS'),
    commandTimeoutMs: env.number('REDIS_COMMAND_TIMEOUT_MS'),
    connectTimeoutMs: env.number('REDIS_CONNECT_TIMEOUT_MS'),
  });
  resolveOptions(options, VARIABLES);
  return options;
}

function withoutAbsent<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
