import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { ClusterOptions, RedisOptions } from 'ioredis';

/** Host and port of one server. */
export interface PoolNodeAddress {
  host: string;
  /** Default 6379 (26379 for a Sentinel). */
  port?: number;
}

/**
 * How the queue's Redis is reached. At most one of `clusterNodes`, `sentinels`, `url`, `path` and `host` chooses
 * the way; with none of them it is `localhost:6379`.
 */
export interface PoolConnectionOptions {
  /** Start nodes of a Redis Cluster. */
  clusterNodes?: PoolNodeAddress[];
  /** Sentinels that know the master. Needs `sentinelName`. */
  sentinels?: PoolNodeAddress[];
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
  /** More options for ioredis. Those on which the pool's promises stand are not overridden. */
  redisOptions?: RedisOptions;
  /** More options for ioredis's `Cluster`, such as `natMap`; the same holds. */
  clusterOptions?: Omit<ClusterOptions, 'redisOptions'>;
}
