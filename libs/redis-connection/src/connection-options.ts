import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';
import { z } from 'zod';
import { optionsObject, text } from './option-schema.js';
import { InvalidRedisUrlError, parseRedisUrl } from './redis-url.js';

const MAX_PORT = 65_535;

/** Host and port of one server. */
export interface NodeAddress {
  host: string;
  /** Default 6379 (26379 for a Sentinel). */
  port?: number;
}

/**
 * How Redis is reached. At most one of `clusterNodes`, `sentinels`, `url`, `path` and `host` may be given;
 * with none of them it is `localhost:6379`.
 */
export interface RedisConnectionOptions {
  /** Start nodes of a Redis Cluster. */
  clusterNodes?: NodeAddress[];
  /** Sentinels that know the master. Needs `sentinelName`. */
  sentinels?: NodeAddress[];
  /** Name of the master at the Sentinels. */
  sentinelName?: string;
  /** Password of the Sentinels themselves. */
  sentinelPassword?: string;
  /** `redis://[user:password@]host[:port][/db]`, `rediss://…` for TLS, or `unix:///path/to.sock[?db=1]`. */
  url?: string;
  /** Path of a unix socket. */
  path?: string;
  /** Default `localhost`. */
  host?: string;
  /** Default 6379. */
  port?: number;
  /** Database number, default 0. Not with a Cluster. */
  db?: number;
  username?: string;
  password?: string;
  /** `true`, or options of `tls.connect()`; default off. */
  tls?: boolean | TlsOptions;
  /** More options for ioredis. Those that the library's promises depend on cannot be overridden. */
  redisOptions?: RedisOptions;
  /** More options for the `Cluster` of ioredis, such as `natMap`, with the same exception. */
  clusterOptions?: Omit<ClusterOptions, 'redisOptions'>;
}

const port = z
  .int({ error: `must be a port from 1 to ${MAX_PORT}` })
  .min(1)
  .max(MAX_PORT);

const addresses = z
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
  clusterNodes: addresses.optional(),
  sentinels: addresses.optional(),
  sentinelName: text.optional(),
  sentinelPassword: text.optional(),
  url: url.optional(),
  path: text.optional(),
  host: text.optional(),
  port: port.optional(),
  db: z.int({ error: 'must be a whole number' }).min(0, { error: 'must not be negative' }).optional(),
  username: text.optional(),
  password: text.optional(),
  tls: z
    .union([z.boolean(), passedThrough<TlsOptions>()], { error: 'must be true, false or an object' })
    .optional(),
  redisOptions: passedThrough<RedisOptions>().optional(),
  clusterOptions: passedThrough<Omit<ClusterOptions, 'redisOptions'>>().optional(),
};

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
