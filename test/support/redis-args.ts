/**
 * Options of a test server, and the command line they become. Pure; used by `redis-server.ts`.
 *
 *   redisArgs({ password: 'secret' }, layout)   // ['--port', '12345', …, '--requirepass', 'secret', …]
 */
import { join } from 'node:path';

export interface RedisServerOptions {
  /** A fixed port; by default a free one. */
  readonly port?: number;
  /** What clients must AUTH with; also what this server presents to its master and to its cluster. */
  readonly password?: string;
  /** For instance `4mb`; always with `noeviction`, so that a full server answers OOM. */
  readonly maxmemory?: string;
  /** Makes it a read-only replica. */
  readonly replicaOf?: { readonly host?: string; readonly port: number; readonly password?: string };
  /** Cluster mode, with a bus port that is free as well. See `redis-cluster.ts` for a formed cluster. */
  readonly cluster?: boolean;
  /** Runs a sentinel instead of a data server. See `redis-sentinel.ts` for a whole set-up. */
  readonly sentinel?: SentinelOptions;
  /** Also listens on a unix socket: `true` for one in the server's own folder, or a path. */
  readonly unixSocket?: boolean | string;
  /** Also listens on `tlsPort` with a certificate of its own, which clients trust through `ca`. */
  readonly tls?: boolean;
  /** Keeps data across `restart()`; without it a server always comes back empty. */
  readonly appendonly?: boolean;
  /** Anything else, as on the command line: `['--maxclients', '20']`. */
  readonly extraArgs?: readonly string[];
}

export interface SentinelOptions {
  readonly masterName: string;
  readonly master: { readonly host: string; readonly port: number; readonly password?: string };
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
}

/** What stays the same through every restart of one server. */
export interface ServerLayout {
  readonly host: string;
  readonly port: number;
  readonly tlsPort: number;
  readonly busPort: number;
  readonly dir: string;
}

const flag = (name: string, value: string | number | undefined): string[] =>
  value === undefined ? [] : [`--${name}`, String(value)];

export const certFile = (dir: string): string => join(dir, 'tls.crt');
export const keyFile = (dir: string): string => join(dir, 'tls.key');
export const sentinelFile = (dir: string): string => join(dir, 'sentinel.conf');

export function socketFile(options: RedisServerOptions, dir: string): string | undefined {
  if (typeof options.unixSocket === 'string') return options.unixSocket;
  return options.unixSocket === true ? join(dir, 'redis.sock') : undefined;
}

function replicationArgs({ password, replicaOf }: RedisServerOptions): string[] {
  const master = replicaOf && ['--replicaof', replicaOf.host ?? '127.0.0.1', String(replicaOf.port)];
  return [
    ...flag('requirepass', password),
    ...flag('masterauth', replicaOf?.password ?? password),
    ...(master ?? []),
    ...flag('repl-diskless-sync-delay', 0),
    // SIGTERM otherwise waits up to 10 s for a replica that lags behind or is gone.
    ...flag('shutdown-timeout', 0),
  ];
}

function clusterArgs({ busPort }: ServerLayout): string[] {
  // An own bus port, because the default, port + 10000, may be taken or above 65535.
  return ['--cluster-enabled', 'yes', ...flag('cluster-port', busPort)];
}

function tlsArgs({ tlsPort, dir }: ServerLayout): string[] {
  return [
    ...flag('tls-port', tlsPort),
    ...flag('tls-cert-file', certFile(dir)),
    ...flag('tls-key-file', keyFile(dir)),
    ...flag('tls-ca-cert-file', certFile(dir)),
    ...flag('tls-auth-clients', 'no'),
  ];
}

export function redisArgs(options: RedisServerOptions, layout: ServerLayout): string[] {
  const { sentinel, maxmemory, cluster, tls, appendonly, extraArgs = [] } = options;
  if (sentinel !== undefined) return [sentinelFile(layout.dir), '--sentinel', ...extraArgs];
  return [
    ...flag('bind', layout.host),
    ...flag('port', layout.port),
    ...flag('dir', layout.dir),
    ...flag('save', ''),
    ...flag('appendonly', appendonly === true ? 'yes' : 'no'),
    ...replicationArgs(options),
    ...(maxmemory === undefined ? [] : ['--maxmemory', maxmemory, '--maxmemory-policy', 'noeviction']),
    ...flag('unixsocket', socketFile(options, layout.dir)),
    ...(cluster === true ? clusterArgs(layout) : []),
    ...(tls === true ? tlsArgs(layout) : []),
    ...extraArgs,
  ];
}

/** A sentinel insists on a file, which it rewrites as it learns. */
export function sentinelConfig(sentinel: SentinelOptions, layout: ServerLayout): string {
  const { masterName, master, quorum, downAfterMs, failoverTimeoutMs } = sentinel;
  const lines = [
    `bind ${layout.host}`,
    `port ${layout.port}`,
    `dir ${layout.dir}`,
    `sentinel monitor ${masterName} ${master.host} ${master.port} ${quorum}`,
    `sentinel down-after-milliseconds ${masterName} ${downAfterMs}`,
    `sentinel failover-timeout ${masterName} ${failoverTimeoutMs}`,
    ...(master.password === undefined ? [] : [`sentinel auth-pass ${masterName} ${master.password}`]),
  ];
  return `${lines.join('\n')}\n`;
}
