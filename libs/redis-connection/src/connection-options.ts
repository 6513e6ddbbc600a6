import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { z } from 'zod';
import { addressList, type EnvReader, flag, variables } from './connection-env.js';
import { optionsObject, type OptionsOf, text } from './option-schema.js';
import { InvalidRedisUrlError, parseRedisUrl } from './redis-url.js';

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

const addresses: z.ZodType<NodeAddress[], NodeAddress[]> = z
  .array(optionsObject({ host: text, port: port.optional() }), {
    error: 'must be a list of { host, port }',
  })
  .min(1, { error: 'must not be empty' });

const passedThrough = <T>() =>
  z.custom<T>((value) => typeof value === 'object' && value !== null, { error: 'must be an object' });

const url = text.superRefine((value, context) => {
  try {
    if (value !== '') parseRedisUrl(value);
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
  host: text.optional().register(variables, { name: 'REDIS_HOST' }),
  /** Port of the server. Default: 6379. */
  port: port.optional().register(variables, { name: 'REDIS_PORT', parse: Number }),
  /** Number of the database; a Cluster has only database 0. Default: 0. */
  db: z
    .int({ error: 'must be a whole number' })
    .min(0, { error: 'must not be negative' })
    .optional()
    .register(variables, { name: 'REDIS_DB', parse: Number }),
  /** ACL user. Default: the user `default`. */
  username: text.optional().register(variables, { name: 'REDIS_USERNAME' }),
  /** Password of the user. Default: none. */
  password: text.optional().register(variables, { name: 'REDIS_PASSWORD' }),
  /** Whether to use TLS; an object passes options to `tls.connect()`. Default: off. */
  tls: z
    .union([z.boolean(), passedThrough<TlsOptions>()], { error: 'must be true, false or an object' })
    .optional()
    .register(variables, { name: 'REDIS_TLS', ...flag }),
  /** More options for ioredis; those that the promises of this library depend on cannot be overridden. Default: none. */
  redisOptions: passedThrough<RedisOptions>().optional(),
  /** More options for the `Cluster` of ioredis, such as `natMap`, with the same exception. Default: none. */
  clusterOptions: passedThrough<Omit<ClusterOptions, 'redisOptions'>>().optional(),
};

/**
 * How Redis is reached. At most one of `clusterNodes`, `sentinels`, `url`, `path` and `host` may be given;
 * without any of them it is `localhost:6379`.
 */
export interface RedisConnectionOptions extends OptionsOf<typeof connectionShape> {}

const TARGETS = ['client', 'clusterNodes', 'sentinels', 'url', 'path', 'host'] as const;

/** Refuses fields that contradict each other. `client` is a field that only some schemas have. */
export function checkConnection(
  options: RedisConnectionOptions & { client?: unknown },
  context: z.core.$RefinementCtx,
): void {
  const refuse = (field: string, message: string): void =>
    context.addIssue({ code: 'custom', path: [field], message });
  const [first, second] = TARGETS.filter((target) => options[target] !== undefined);
  if (first && second) refuse(second, `cannot be combined with ${first}`);
  if (options.sentinels && !options.sentinelName) refuse('sentinelName', 'is needed with sentinels');
  if (options.clusterNodes && options.db) refuse('db', 'cannot be chosen on a Cluster');
}

export const connectionSchema: z.ZodType<RedisConnectionOptions, RedisConnectionOptions> =
  optionsObject(connectionShape).superRefine(checkConnection);

/** Reads the options that are set. Of several targets the first counts: Cluster, Sentinels, URL, host. */
export function connectionFromEnv(env: EnvReader): RedisConnectionOptions {
  const {
    clusterNodes,
    sentinels,
    sentinelName,
    url: address,
    host,
    port: hostPort,
    db,
    ...rest
  } = connectionShape;
  if (env.has(clusterNodes)) return env.read({ ...rest, clusterNodes });
  if (env.has(sentinels)) {
    const options = env.read({ ...rest, sentinels, sentinelName, db });
    env.require(sentinelName);
    return options;
  }
  return env.read(env.has(address) ? { ...rest, url: address } : { ...rest, host, port: hostPort, db });
}
