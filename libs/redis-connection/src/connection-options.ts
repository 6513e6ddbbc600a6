import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { z } from 'zod';
import { addressList, flag, hostName, portNumber, variables, wholeText } from './connection-env.js';
import { optionsObject, type OptionsOf, text } from './option-schema.js';
import { InvalidRedisUrlError, isHost, readRedisUrl } from './redis-url.js';

const MAX_PORT = 65_535;

/** Host and port of one server. */
export interface NodeAddress {
  host: string;
  /** Default 6379 (26379 for a Sentinel). */
  port?: number;
}

const port = z
  .int({ error: `must be a port from 1 to ${MAX_PORT}` })
  .min(1)
  .max(MAX_PORT);

const host = text.refine((value) => value === '' || isHost(value), {
  error: 'must be a name or an address, without a port, a scheme or spaces; the port is an option of its own',
});

const addresses: z.ZodType<NodeAddress[], NodeAddress[]> = z
  .array(optionsObject({ host, port: port.optional() }), {
    error: 'must be a list of { host, port }',
  })
  .min(1, { error: 'must not be empty' });

const passedThrough = <T>() =>
  z.custom<T>((value) => typeof value === 'object' && value !== null, { error: 'must be an object' });

const url = text.superRefine((value, context) => {
  try {
    if (value !== '') readRedisUrl(value);
  } catch (error) {
    if (!(error instanceof InvalidRedisUrlError)) throw error;
    context.addIssue({ code: 'custom', message: error.message });
  }
});

/** The fields of `RedisConnectionOptions`, for a schema of which `checkConnection` is the refinement. */
export const connectionShape = {
  /** Start nodes of a Redis Cluster. */
  clusterNodes: addresses.optional().register(variables, { name: 'REDIS_CLUSTER_NODES', ...addressList }),
  /** Sentinels that know the master; needs `sentinelName`. */
  sentinels: addresses.optional().register(variables, { name: 'REDIS_SENTINELS', ...addressList }),
  /** Name of the master that the Sentinels monitor. */
  sentinelName: text.optional().register(variables, { name: 'REDIS_SENTINEL_NAME' }),
  /** Password of the Sentinels themselves. Default: none. */
  sentinelPassword: text.optional(),
  /** `redis://[user:password@]host[:port][/db]`, `rediss://…` for TLS, or `unix:///path/to.sock[?db=1]`. */
  url: url.optional().register(variables, { name: 'REDIS_URL' }),
  /** Path of a unix socket. */
  path: text.optional(),
  /** Name or address of the server. Default: `localhost`. */
  host: host.optional().register(variables, { name: 'REDIS_HOST', ...hostName }),
  /** Port of the server. Default: 6379. */
  port: port.optional().register(variables, { name: 'REDIS_PORT', ...portNumber }),
  /** Number of the database; a Cluster has only database 0. Default: 0. */
  db: z
    .int({ error: 'must be a whole number' })
    .min(0, { error: 'must not be negative' })
    .optional()
    .register(variables, { name: 'REDIS_DB', ...wholeText }),
  /** ACL user. Default: the user `default`. */
  username: text.optional().register(variables, { name: 'REDIS_USERNAME' }),
  /** Password of the user. Default: none. */
  password: text.optional().register(variables, { name: 'REDIS_PASSWORD' }),
  /** Whether to use TLS; an object passes options to `tls.connect()`. Default: off. */
  tls: z
    .union([z.boolean(), passedThrough<TlsOptions>()], { error: 'must be true, false or an object' })
    .optional()
    .register(variables, { name: 'REDIS_TLS', ...flag }),
  /** More options for ioredis; those that the promises of this library depend on are refused. Default: none. */
  redisOptions: passedThrough<RedisOptions>().optional(),
  /** More options for the `Cluster` of ioredis, such as `natMap`, with the same exception. Default: none. */
  clusterOptions: passedThrough<Omit<ClusterOptions, 'redisOptions'>>().optional(),
};

/**
 * How Redis is reached. At most one of `clusterNodes`, `sentinels`, `url`, `path` and `host` may be given;
 * without any of them it is `localhost:6379`. A value may be given in more than one place, such as `db`, `url` and
 * `redisOptions`, if it is the same everywhere; what contradicts another value or would have no effect is refused.
 */
export interface RedisConnectionOptions extends OptionsOf<typeof connectionShape> {}
