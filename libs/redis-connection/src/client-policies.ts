import type { ClusterOptions, RedisOptions } from 'ioredis';

/**
 * The ioredis options of one kind of client, whatever server it connects to. They override the user's options,
 * because the promises of the libraries depend on them.
 */
export interface ClientPolicy {
  /** For every connection to a server, including those to the nodes of a Cluster. */
  node: RedisOptions;
  /** In addition for a client of a single server. */
  single: RedisOptions;
  /** In addition for the client of a Cluster; the user's `clusterOptions` may override `maxRedirections`. */
  cluster: Pick<ClusterOptions, 'maxRedirections' | 'enableOfflineQueue' | 'retryDelayOnTryAgain'>;
  /** Longest pause between two attempts to connect, in milliseconds. */
  maxRetryMs: number;
  /**
   * What a client itself does with a command that a read-only server refuses: `false` rejects it; 2 connects again,
   * with a back-off, and sends it there.
   */
  onReadOnly: false | 2;
}

/** Limits that the pool's policies depend on, in milliseconds. */
interface PoolLimits {
  connectTimeoutMs: number;
  commandTimeoutMs: number;
}

/** How long one blocking read or wait of the pool lasts at most. */
export const BLOCK_MS = 2_000;
/** A connection without a reply for this long after a blocking command should have ended is replaced. */
const SILENCE_MS = 3_000;
/** When the operating system starts to probe an idle connection. */
const KEEP_ALIVE_MS = 10_000;
/**
 * A socket that a frozen server leaves half closed is destroyed after this time. Shorter than the pause between two
 * attempts to connect: ioredis waits for it even where the socket was gone before, which keeps the process alive.
 */
const DISCONNECT_MS = 50;
/** Few, and tried quickly: an error has to surface within the deadline of an operation. */
const MAX_REDIRECTIONS = 4;
/**
 * Many: a script of BullMQ fails while its slot migrates, and a result that cannot be stored would be computed again.
 * ioredis repeats it ten times a second, so this is longer than a worker keeps a task without renewing its lock.
 */
const PATIENT_REDIRECTIONS = 100;
/** Pause before a command is repeated in a slot that migrates; then the cache sends its keys one by one. */
const SPLIT_SLOT_MS = 10;

/**
 * For the cache: ioredis would keep commands, send them again and wait for minutes, but a late reply is worthless to
 * a cache, and a command that was given up must not run.
 */
export function cachePolicy(connectTimeoutMs: number): ClientPolicy {
  return {
    node: { connectTimeout: connectTimeoutMs, disconnectTimeout: DISCONNECT_MS },
    single: {
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      commandTimeout: undefined,
      lazyConnect: false,
      replyMapping: 'legacy',
    },
    cluster: {
      enableOfflineQueue: false,
      maxRedirections: MAX_REDIRECTIONS,
      retryDelayOnTryAgain: SPLIT_SLOT_MS,
    },
    maxRetryMs: 400,
    onReadOnly: false,
  };
}

/** For calls of the pool that a caller waits for: a command that cannot be sent now fails now. */
export function hastyPolicy(limits: PoolLimits): ClientPolicy {
  const { node, ...policy } = poolPolicy(limits);
  return {
    ...policy,
    node: { ...node, autoResendUnfulfilledCommands: false, maxRetriesPerRequest: 0 },
    single: { enableOfflineQueue: false },
    cluster: { enableOfflineQueue: false, maxRedirections: MAX_REDIRECTIONS },
    onReadOnly: false,
  };
}

/**
 * For background work of the pool, blocking reads above all: a command waits until the connection is back, which
 * BullMQ's workers rely on.
 */
export function patientPolicy(limits: PoolLimits): ClientPolicy {
  const { node, ...policy } = poolPolicy(limits);
  return {
    ...policy,
    node: { ...node, autoResendUnfulfilledCommands: true, maxRetriesPerRequest: null },
    single: { enableOfflineQueue: true },
    cluster: { enableOfflineQueue: true, maxRedirections: PATIENT_REDIRECTIONS },
    onReadOnly: 2,
  };
}

function poolPolicy({ connectTimeoutMs, commandTimeoutMs }: PoolLimits) {
  return {
    node: {
      connectTimeout: connectTimeoutMs,
      disconnectTimeout: DISCONNECT_MS,
      socketTimeout: Math.max(commandTimeoutMs, BLOCK_MS + SILENCE_MS),
      keepAlive: KEEP_ALIVE_MS,
    },
    // Low enough that a worker that was cut off has checked its tasks well within a second.
    maxRetryMs: 250,
  };
}
