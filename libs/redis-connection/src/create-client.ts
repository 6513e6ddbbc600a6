import type { Cluster, ClusterNode, ClusterOptions, Redis, RedisOptions, SentinelConnector } from 'ioredis';
import type { ClientPolicy } from './client-policies.js';
import type { RedisConnectionOptions } from './connection-options.js';
import { mergeConnection, tlsOptionsOf } from './merge-connection.js';
import { FailoverWatch } from './failover-watch.js';
import { requireDatabase } from './require-database.js';
import { sentinelConnector } from './sentinel-connector.js';
import { MIN_RETRY_MS, retryDelay } from './timing.js';

export type RedisClient = Redis | Cluster;

/** The classes of ioredis, or subclasses of them. Injected, so that this package never loads ioredis itself. */
export interface RedisConstructors {
  Redis: new (options: RedisOptions) => Redis;
  Cluster: new (nodes: ClusterNode[], options: ClusterOptions) => Cluster;
  SentinelConnector: typeof SentinelConnector;
}

const DEFAULT_PORT = 6_379;
const DEFAULT_SENTINEL_PORT = 26_379;
const MAX_SLOTS_REFRESH_MS = 1_000;

/**
 * Creates a client for checked options. It starts to connect at once and never stops trying.
 *
 * @param watch shared by clients that follow a fail-over together
 * @throws {InvalidRedisUrlError} `url` was not checked
 */
export function createClient(
  { Redis, Cluster, SentinelConnector }: RedisConstructors,
  options: RedisConnectionOptions,
  policy: ClientPolicy,
  watch = new FailoverWatch(),
): RedisClient {
  const connection = mergeConnection(options).merged;
  const { redisOptions, clusterNodes } = connection;
  const retryStrategy = (attempt: number): number => retryDelay(attempt, policy.maxRetryMs);
  if (clusterNodes) {
    const nodeOptions = { ...redisOptions, ...accountOf(connection), ...policy.node };
    const nodes = clusterNodes.map(withPort(DEFAULT_PORT));
    return new Cluster(nodes, clusterOptions(connection, policy, nodeOptions, retryStrategy));
  }
  const client = new Redis({
    ...(connection.sentinels && { Connector: sentinelConnector(SentinelConnector) }),
    ...redisOptions,
    ...targetOf(connection, retryStrategy),
    ...accountOf(connection),
    ...policy.node,
    ...policy.single,
    retryStrategy: (attempt) => watch.pauseMs ?? retryStrategy(attempt),
    reconnectOnError: (error) => watch.note(error) && policy.onReadOnly,
  });
  return attend(client, watch);
}

/** Options of a client that looks for a master once: no attempt is repeated and nothing follows from its errors. */
const ONE_LOOK: RedisOptions = {
  lazyConnect: true,
  protocol: 2,
  retryStrategy: () => null,
  sentinelRetryStrategy: () => null,
  reconnectOnError: null,
};

/** Applies what every client needs, also to the copies that `duplicate()` makes of it. */
function attend(client: Redis, watch: FailoverWatch): Redis {
  const duplicate = client.duplicate.bind(client);
  watch.add(client, () => duplicate(ONE_LOOK));
  const duplicateAndAttend = (override?: RedisOptions): Redis => attend(duplicate(override), watch);
  return requireDatabase(Object.assign(client, { duplicate: duplicateAndAttend }));
}

function clusterOptions(
  connection: RedisConnectionOptions,
  { cluster: { enableOfflineQueue, ...overridable } }: ClientPolicy,
  redisOptions: RedisOptions,
  clusterRetryStrategy: (attempt: number) => number,
): ClusterOptions {
  return {
    slotsRefreshTimeout: Math.min(redisOptions.connectTimeout ?? MAX_SLOTS_REFRESH_MS, MAX_SLOTS_REFRESH_MS),
    retryDelayOnClusterDown: MIN_RETRY_MS,
    retryDelayOnFailover: MIN_RETRY_MS,
    ...overridable,
    ...connection.clusterOptions,
    enableOfflineQueue,
    clusterRetryStrategy,
    redisOptions,
  };
}

function targetOf(
  connection: RedisConnectionOptions,
  sentinelRetryStrategy: (attempt: number) => number,
): RedisOptions {
  const { sentinels, path, host = 'localhost', port = DEFAULT_PORT, db = 0 } = connection;
  if (sentinels) return { ...sentinelTarget(connection), sentinelRetryStrategy, db };
  return path === undefined ? { host, port, db } : { path, db };
}

function sentinelTarget({
  sentinels = [],
  sentinelName,
  sentinelPassword,
  tls,
}: RedisConnectionOptions): RedisOptions {
  return {
    sentinels: sentinels.map(withPort(DEFAULT_SENTINEL_PORT)),
    name: sentinelName,
    ...(sentinelPassword !== undefined && { sentinelPassword }),
    ...(tls && { enableTLSForSentinelMode: true, sentinelTLS: tlsOptionsOf(tls).tls }),
  };
}

function accountOf({ username, password, tls }: RedisConnectionOptions): RedisOptions {
  return {
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...tlsOptionsOf(tls),
  };
}

const withPort =
  (defaultPort: number) =>
  ({ host, port = defaultPort }: { host: string; port?: number }): { host: string; port: number } => ({
    host,
    port,
  });

/**
 * Ends a client for good in whatever state it is, together with the commands that wait in it.
 *
 * Between two attempts to connect, ioredis has no socket whose closing would end those commands: `disconnect()` alone
 * leaves them pending, and BullMQ, which waits for the end or watches each command for seconds, keeps the process
 * alive meanwhile. Hence one more attempt, which comes to an end.
 */
export function endClient(client: RedisClient): void {
  // ioredis prints errors that have no listener; errors no longer matter from now on.
  client.on('error', () => {});
  if (client.isCluster) endCluster(client as Cluster);
  else endRedis(client as Redis);
}

// The attempt is aborted at once; a client that has a socket refuses it, which changes nothing.
function endRedis(client: Redis): void {
  client.connect().catch(() => {});
  client.disconnect();
}

// An aborted attempt leaves the client of a Cluster in an intermediate state: it has to fail or succeed.
function endCluster(client: Cluster): void {
  const isBetweenAttempts = client.nodes().length === 0;
  client.options.clusterRetryStrategy = () => null;
  client.disconnect();
  if (isBetweenAttempts && client.status !== 'end') {
    client.connect().then(
      () => client.disconnect(),
      () => {},
    );
  }
}
