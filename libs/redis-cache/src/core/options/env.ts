import { InvalidOptionsError } from '../errors/errors.js';
import { parseRedisUrl } from '../connection/parse-redis-url.js';
import { resolveOptions } from './redis-cache-options.schema.js';
import type { NodeAddress, RedisCacheOptions, RedisConnectionOptions } from './redis-cache-options.js';

/** Answers the value of an environment variable. */
export type EnvLookup = (name: string) => unknown;

/** Under which name a user knows an option that the environment sets. */
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
  const env = new EnvReader(lookup);
  const options = withoutAbsent({
    connection: withoutAbsent(connectionFromEnv(env)),
    keyPrefix: env.text('REDIS_KEY_PREFIX'),
    ttlSeconds: env.number('CACHE_TTL_SECONDS'),
    commandTimeoutMs: env.number('REDIS_COMMAND_TIMEOUT_MS'),
    connectTimeoutMs: env.number('REDIS_CONNECT_TIMEOUT_MS'),
  });
  resolveOptions(options, VARIABLES);
  return options;
}

function connectionFromEnv(env: EnvReader): RedisConnectionOptions {
  const shared = {
    username: env.text('REDIS_USERNAME'),
    password: env.text('REDIS_PASSWORD'),
    tls: env.flag('REDIS_TLS'),
  };
  const clusterNodes = env.addresses('REDIS_CLUSTER_NODES');
  if (clusterNodes) return { ...shared, clusterNodes };
  const db = env.integer('REDIS_DB', 0, Number.MAX_SAFE_INTEGER);
  const sentinels = env.addresses('REDIS_SENTINELS');
  if (sentinels) return { ...shared, sentinels, sentinelName: env.required('REDIS_SENTINEL_NAME'), db };
  const url = env.url('REDIS_URL');
  if (url) return { ...shared, url };
  return { ...shared, host: env.text('REDIS_HOST'), port: env.integer('REDIS_PORT', 1, 65_535), db };
}

class EnvReader {
  constructor(private readonly lookup: EnvLookup) {}

  text(name: string): string | undefined {
    const value = this.lookup(name);
    return value === undefined || value === null || value === '' ? undefined : String(value);
  }

  url(name: string): string | undefined {
    const value = this.text(name);
    if (value !== undefined) parseRedisUrl(value, name);
    return value;
  }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) throw new InvalidOptionsError(name, 'is needed');
    return value;
  }

  number(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isFinite(number) || number <= 0) {
      throw new InvalidOptionsError(name, 'must be a number above 0');
    }
    return number;
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (!Number.isInteger(number) || number < min || number > max) {
      throw new InvalidOptionsError(name, `must be a whole number from ${min} to ${max}`);
    }
    return number;
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0') return false;
    throw new InvalidOptionsError(name, 'must be true or false');
  }

  addresses(name: string): NodeAddress[] | undefined {
    return this.text(name)
      ?.split(',')
      .map((part) => parseAddress(name, part.trim()));
  }
}

// `host`, `host:port`, `[ipv6]` or `[ipv6]:port`
const ADDRESS = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^\s:[\]]+))(?::(?<port>\d{1,5}))?$/i;

function parseAddress(name: string, text: string): NodeAddress {
  const groups = ADDRESS.exec(text)?.groups;
  const port = groups?.port === undefined ? undefined : Number(groups.port);
  if (!groups || port === 0 || (port ?? 0) > 65_535) {
    throw new InvalidOptionsError(name, 'must be a list of host:port, separated by commas');
  }
  return withoutAbsent({ host: (groups.v6 ?? groups.host)!, port });
}

function withoutAbsent<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
