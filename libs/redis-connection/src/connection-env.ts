import type { RedisConnectionOptions, NodeAddress } from './connection-options.js';
import { InvalidRedisUrlError, parseRedisUrl } from './redis-url.js';

type Refuse = (name: string, problem: string) => never;

/** Reads environment variables by type. An empty variable counts as absent. */
export class EnvReader {
  /**
   * @param lookup returns the value of a variable
   * @param refuse throws the library's own error; it receives the name of the variable, never its value
   */
  constructor(
    private readonly lookup: (name: string) => unknown,
    private readonly refuse: Refuse,
  ) {}

  text(name: string): string | undefined {
    const value = this.lookup(name);
    return value === undefined || value === null || value === '' ? undefined : String(value);
  }

  url(name: string): string | undefined {
    const value = this.text(name);
    try {
      if (value !== undefined) parseRedisUrl(value);
      return value;
    } catch (error) {
      if (error instanceof InvalidRedisUrlError) return this.refuse(name, error.message);
      throw error;
    }
  }

  required(name: string): string {
    return this.text(name) ?? this.refuse(name, 'is needed');
  }

  /** A finite number above 0. */
  number(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    return Number.isFinite(number) && number > 0 ? number : this.refuse(name, 'must be a number above 0');
  }

  integer(name: string, min: number, max: number): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    const isValid = Number.isInteger(number) && number >= min && number <= max;
    return isValid ? number : this.refuse(name, `must be a whole number from ${min} to ${max}`);
  }

  flag(name: string): boolean | undefined {
    const value = this.text(name)?.toLowerCase();
    if (value === undefined) return undefined;
    if (value === 'true' || value === '1') return true;
    return value === 'false' || value === '0' ? false : this.refuse(name, 'must be true or false');
  }

  addresses(name: string): NodeAddress[] | undefined {
    const parts = this.text(name)?.split(',');
    return parts?.map(
      (part) =>
        parseAddress(part.trim()) ?? this.refuse(name, 'must be a list of host:port, separated by commas'),
    );
  }
}

/**
 * | variable | option |
 * |---|---|
 * | `REDIS_URL` | `url`; wins over `REDIS_HOST`, `REDIS_PORT` and `REDIS_DB` |
 * | `REDIS_HOST` `REDIS_PORT` `REDIS_DB` | `host`, `port`, `db` |
 * | `REDIS_USERNAME` `REDIS_PASSWORD` | `username`, `password` |
 * | `REDIS_TLS` | `tls`, `true` or `false` |
 * | `REDIS_SENTINELS` `REDIS_SENTINEL_NAME` | `sentinels` as `host:port,host:port`, `sentinelName` |
 * | `REDIS_CLUSTER_NODES` | `clusterNodes` as `host:port,host:port` |
 */
export function connectionFromEnv(env: EnvReader): RedisConnectionOptions {
  return withoutAbsent({
    username: env.text('REDIS_USERNAME'),
    password: env.text('REDIS_PASSWORD'),
    tls: env.flag('REDIS_TLS'),
    ...targetFromEnv(env),
  });
}

function targetFromEnv(env: EnvReader): RedisConnectionOptions {
  const clusterNodes = env.addresses('REDIS_CLUSTER_NODES');
  if (clusterNodes) return { clusterNodes };
  const db = env.integer('REDIS_DB', 0, Number.MAX_SAFE_INTEGER);
  const sentinels = env.addresses('REDIS_SENTINELS');
  if (sentinels) return { sentinels, sentinelName: env.required('REDIS_SENTINEL_NAME'), db };
  const url = env.url('REDIS_URL');
  if (url !== undefined) return { url };
  return { host: env.text('REDIS_HOST'), port: env.integer('REDIS_PORT', 1, 65_535), db };
}

// `host`, `host:port`, `[ipv6]` or `[ipv6]:port`
const ADDRESS = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^\s:[\]]+))(?::(?<port>\d{1,5}))?$/i;

function parseAddress(text: string): NodeAddress | null {
  const groups = ADDRESS.exec(text)?.groups;
  const port = groups?.port === undefined ? undefined : Number(groups.port);
  if (!groups || port === 0 || (port ?? 0) > 65_535) return null;
  return withoutAbsent({ host: (groups.v6 ?? groups.host)!, port });
}

function withoutAbsent<T extends object>(record: T): T {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as T;
}
