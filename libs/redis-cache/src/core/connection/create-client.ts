import { Cluster, type ClusterOptions, type Redis, type RedisOptions } from 'ioredis';
import type { ResolvedRedisCacheOptions } from '../options/redis-cache-options.schema.js';
import { CoalescingRedis } from './coalescing-redis.js';
import { parseRedisUrl } from './parse-redis-url.js';

export type RedisClient = Redis | Cluster;

type Connection = ResolvedRedisCacheOptions['connection'];

const MIN_RETRY_MS = 50;
const MAX_RETRY_MS = 400;
/** A socket that was ended but not closed by the other side, as a frozen server leaves it, is destroyed. */
const DISCONNECT_TIMEOUT_MS = 500;
const DEFAULT_SENTINEL_PORT = 26_379;

/** A client for the given connection; connecting begins at once and nobody waits for it. */
export function createClient(options: ResolvedRedisCacheOptions): RedisClient {
  const { connection } = options;
  if (connection.clusterNodes) return createCluster(options);
  return new CoalescingRedis({
    ...connection.redisOptions,
    ...target(connection),
    ...account(connection),
    ...resilience(options.connectTimeoutMs),
    replyMapping: 'legacy',
  });
}

function createCluster({ connection, connectTimeoutMs }: ResolvedRedisCacheOptions): Cluster {
  const nodes = connection.clusterNodes!.map(({ host, port = 6379 }) => ({ host, port }));
  const options: ClusterOptions = {
    slotsRefreshTimeout: Math.min(connectTimeoutMs, 1_000),
    // Few and quick: an error has to surface within the deadline of an operation.
    maxRedirections: 4,
    retryDelayOnClusterDown: MIN_RETRY_MS,
    retryDelayOnFailover: MIN_RETRY_MS,
    ...connection.clusterOptions,
    enableOfflineQueue: false,
    clusterRetryStrategy: retryDelay,
    redisOptions: {
      ...connection.redisOptions,
      ...account(connection),
      connectTimeout: connectTimeoutMs,
      disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    },
  };
  return new Cluster(nodes, options);
}

function target(connection: Connection): RedisOptions {
  if (connection.url !== undefined) return parseRedisUrl(connection.url);
  const db = connection.db ?? 0;
  if (connection.sentinels) return { ...sentinelTarget(connection), db };
  if (connection.path !== undefined) return { path: connection.path, db };
  return { host: connection.host ?? 'localhost', port: connection.port ?? 6379, db };
}

function sentinelTarget({ sentinels = [], sentinelName, sentinelPassword, tls }: Connection): RedisOptions {
  return {
    sentinels: sentinels.map(({ host, port = DEFAULT_SENTINEL_PORT }) => ({ host, port })),
    name: sentinelName,
    sentinelRetryStrategy: retryDelay,
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls === true ? {} : tls }),
    // A master that was demoted keeps its connections and refuses writes: ask the Sentinels anew.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  };
}

function account({ username, password, tls }: Connection): RedisOptions {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: tls === true ? {} : tls }),
  };
}

// ioredis would keep commands for later, send them again and wait for minutes; for a cache a late
// answer is worth nothing and a command that was given up must not run.
function resilience(connectTimeoutMs: number): RedisOptions {
  return {
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    retryStrategy: retryDelay,
    commandTimeout: undefined,
    lazyConnect: false,
  };
}

/** Doubles up to a cap that is low enough to find Redis again within a second; half of it is jitter. */
export function retryDelay(attempt: number): number {
  const ceiling = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** Math.min(attempt - 1, 8));
  return ceiling / 2 + (ceiling / 2) * Math.random();
}
