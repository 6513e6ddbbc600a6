import { Cluster, SentinelConnector } from 'ioredis';
import { cachePolicy, createClient } from 'nestjs-redis-connection';
import { CoalescingRedis } from './connection/coalescing-redis.js';
import { ProcessHold } from './connection/process-hold.js';
import { RedisConnection } from './connection/redis-connection.js';
import type { ResolvedRedisCacheOptions } from './options/redis-cache-options.schema.js';
import type { Backend } from './backend/backend.js';
import { MemoryBackend } from './backend/memory/memory-backend.js';
import { RedisBackend } from './backend/redis/redis-backend.js';

/** A handshake or probe may take this many deadlines, and at least `MIN_STALL_MS`, before its connection is dropped. */
const STALL_DEADLINES = 4;
const MIN_STALL_MS = 5_000;

/**
 * Creates the backend that the options name. Opens the connection without waiting for it.
 *
 * @param now clock of a memory backend
 */
export function createBackend(
  options: ResolvedRedisCacheOptions,
  now?: () => number,
  hold = new ProcessHold(),
): Backend {
  if (options.backend === 'memory') return new MemoryBackend({ ...options.memory, now });
  const limits = {
    stallMs: Math.max(MIN_STALL_MS, STALL_DEADLINES * options.commandTimeoutMs),
    closeTimeoutMs: options.commandTimeoutMs,
    hold,
  };
  const { connection, connectTimeoutMs } = options;
  const client =
    connection.client ??
    createClient(
      { Redis: CoalescingRedis, Cluster, SentinelConnector },
      connection,
      cachePolicy(connectTimeoutMs),
    );
  const owned = connection.client === undefined;
  // Each node of a Cluster reports only its own keys, so there the processes notify each other.
  const publishes = client.isCluster || options.near?.invalidation === 'pubsub';
  return new RedisBackend(new RedisConnection(client, { ...limits, owned }), {
    keyPrefix: options.keyPrefix,
    publishes,
    events: {
      tracking: options.near !== undefined && !publishes,
      heartbeat: options.near !== undefined,
      connection: limits,
    },
  });
}
