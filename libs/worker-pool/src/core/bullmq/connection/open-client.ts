import type { Cluster, ClusterOptions, Redis, RedisOptions } from 'ioredis';
import type { ResolvedBullmqOptions } from '../../options/bullmq-options.schema.js';
import type { Packages } from '../packages.js';
import type { ResolvedConnection } from './connection.schema.js';
import { readRedisUrl } from './redis-url.js';

export type RedisClient = Redis | Cluster;

/**
 * - `hasty`: for calls that somebody waits for; a command that cannot be sent now is an error now
 * - `patient`: for what works on its own, blocking reads above all; a command waits for the connection to come
 *   back, which is what BullMQ's workers are built on
 */
export type Temper = 'hasty' | 'patient';

const MIN_RETRY_MS = 50;
/** Low enough that a worker which was cut off is back, and has looked at its tasks, well within a second. */
const MAX_RETRY_MS = 250;
/**
 * A socket that a frozen server leaves half closed is destroyed after this long. Short, because ioredis waits for it,
 * and keeps the process alive, also where the socket was gone before.
 */
const DISCONNECT_TIMEOUT_MS = 50;
/** How long one blocking read or wait lasts at most. */
export const BLOCK_MS = 2_000;
/** What is asked must be answered this long after it may have blocked; else the line is dead, and a new one is made. */
const SILENCE_MS = 3_000;
/** When the system itself begins to look whether an idle connection is still there. */
const KEEP_ALIVE_MS = 10_000;
const DEFAULT_PORT = 6_379;
const DEFAULT_SENTINEL_PORT = 26_379;

/** A client for the connection; connecting begins at once, goes on for ever, and nobody waits for it. */
export function openClient(
  { ioredis }: Packages,
  { connection, connectTimeoutMs, commandTimeoutMs }: ResolvedBullmqOptions,
  temper: Temper,
): RedisClient {
  const shared: RedisOptions = {
    ...connection.redisOptions,
    ...accountOf(connection),
    connectTimeout: connectTimeoutMs,
    disconnectTimeout: DISCONNECT_TIMEOUT_MS,
    socketTimeout: Math.max(commandTimeoutMs, BLOCK_MS + SILENCE_MS),
    keepAlive: KEEP_ALIVE_MS,
    ...(temper === 'hasty'
      ? { enableOfflineQueue: false, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 }
      : { enableOfflineQueue: true, autoResendUnfulfilledCommands: true, maxRetriesPerRequest: null }),
  };
  const client = connection.clusterNodes
    ? new ioredis.Cluster(nodesOf(connection), clusterOptions(connection, shared, temper))
    : new ioredis.Redis({ ...shared, ...targetOf(connection), retryStrategy: retryDelay });
  // Without a listener an outage would end the process; what calls meet tells of it.
  client.on('error', () => {});
  return client;
}

/**
 * Notes the copies that BullMQ makes of a client for what blocks: it cannot close one that is connecting again when
 * it should, and that would go on for ever.
 */
export function noteCopies(client: RedisClient): RedisClient[] {
  const copies: RedisClient[] = [];
  const duplicate = client.duplicate.bind(client) as (...args: unknown[]) => RedisClient;
  const duplicateAndNote = (...args: unknown[]): RedisClient => {
    const copy = duplicate(...args);
    copies.push(copy);
    return copy;
  };
  Object.assign(client, { duplicate: duplicateAndNote });
  return copies;
}

const nodesOf = ({ clusterNodes = [] }: ResolvedConnection): { host: string; port: number }[] =>
  clusterNodes.map(({ host, port = DEFAULT_PORT }) => ({ host, port }));

function clusterOptions(
  connection: ResolvedConnection,
  redisOptions: RedisOptions,
  temper: Temper,
): ClusterOptions {
  const { enableOfflineQueue: _, ...nodeOptions } = redisOptions;
  return {
    slotsRefreshTimeout: Math.min(redisOptions.connectTimeout ?? 1_000, 1_000),
    retryDelayOnClusterDown: MIN_RETRY_MS,
    retryDelayOnFailover: MIN_RETRY_MS,
    ...(temper === 'hasty' && { maxRedirections: 4 }),
    ...connection.clusterOptions,
    enableOfflineQueue: temper === 'patient',
    clusterRetryStrategy: retryDelay,
    redisOptions: nodeOptions,
  };
}

function targetOf(connection: ResolvedConnection): RedisOptions {
  const { url, sentinels, path, host = 'localhost', port = DEFAULT_PORT, db = 0 } = connection;
  if (url !== undefined) {
    return readRedisUrl(url) ?? {};
  }
  if (sentinels) {
    return { ...sentinelTarget(connection), db };
  }
  return path === undefined ? { host, port, db } : { path, db };
}

function sentinelTarget({
  sentinels = [],
  sentinelName,
  sentinelPassword,
  tls,
}: ResolvedConnection): RedisOptions {
  return {
    sentinels: sentinels.map(({ host, port = DEFAULT_SENTINEL_PORT }) => ({ host, port })),
    name: sentinelName,
    sentinelRetryStrategy: retryDelay,
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tls === true ? {} : tls }),
    // A master that was demoted keeps its connections and refuses writes: ask the Sentinels anew, and send
    // again what it refused.
    reconnectOnError: (error) => (error.message.startsWith('READONLY') ? 2 : false),
  };
}

function accountOf({ username, password, tls }: ResolvedConnection): RedisOptions {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(tls && { tls: tls === true ? {} : tls }),
  };
}

/** Doubles up to a cap that is low enough to be back within a second; half of it is jitter. */
function retryDelay(attempt: number): number {
  const ceiling = Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** Math.min(attempt - 1, 8));
  return ceiling / 2 + (ceiling / 2) * Math.random();
}
