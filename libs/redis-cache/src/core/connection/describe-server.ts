import type { Cluster, Redis, RedisOptions } from 'ioredis';
import type { RedisClient } from 'nestjs-redis-connection';

const VERSION = /^(redis|valkey)_version:(\S+)/gm;

/**
 * Returns which server a client has reached, such as `Redis 7.0.15 at localhost:6379, database 0`, without user and password.
 *
 * @param info the server's reply to `INFO server`; empty if the user may not read it
 */
export function describeServer(client: RedisClient, info: string): string {
  return `${versionOf(info)} ${client.isCluster ? clusterOf(client as Cluster) : placeOf((client as Redis).options)}`;
}

/** Valkey reports the version of Redis that it is compatible with as well. */
function versionOf(info: string): string {
  const versions = new Map([...info.matchAll(VERSION)].map(([, name, version]) => [name, version]));
  if (versions.has('valkey')) return `Valkey ${versions.get('valkey')}`;
  return versions.has('redis') ? `Redis ${versions.get('redis')}` : 'Redis';
}

function clusterOf(cluster: Cluster): string {
  const [first] = cluster.nodes('master');
  const { host, port } = first?.options ?? {};
  return `Cluster of ${cluster.nodes('master').length} masters at ${host}:${port}`;
}

function placeOf({ path, host, port, sentinels, name, tls, db }: RedisOptions): string {
  const place = path ?? `${host}:${port}`;
  const address = sentinels ? `'${name}' behind ${sentinels.length} Sentinels` : place;
  return `at ${address}${tls ? ' over TLS' : ''}, database ${db ?? 0}`;
}
