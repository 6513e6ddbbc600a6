import type { Cluster, Redis } from 'ioredis';
import {
  checkConnection,
  connectionShape,
  optionsObject,
  type OptionsOf,
  type RedisConnectionOptions,
  variables,
} from 'nestjs-redis-connection';
import { z } from 'zod';
import { MAX_TTL_SECONDS } from '../entry/arguments.js';
import { callOptionNames } from '../errors/option-names.js';
import { type EncryptionOptions, encryptionShape } from './encryption-options.js';
import { getOrSetSchema, type GetOrSetDefaults, ttlSeconds } from './get-or-set-options.js';

/** A day. */
export const MAX_LEASE_SECONDS = 86_400;
export const MIN_LEASE_SECONDS = 0.05;
const MAX_BYTES = 512 * 1024 * 1024;
/** 1 TiB. */
const MAX_QUEUE_BYTES = 2 ** 40;
const MAX_COUNT = 10_000_000;

const timeoutMs = z.number().min(1).max(3_600_000);
const bytes = z.int().min(1).max(MAX_BYTES);
const client = z.custom<Redis | Cluster>(
  (value) => typeof (value as Redis | null)?.getBuffer === 'function',
  'must be a client of ioredis (Redis or Cluster)',
);

const keyPrefix = z
  .string()
  .min(1)
  .max(128)
  .refine((value) => !/[{}]/.test(value), 'must not contain braces: they decide the Cluster slot')
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode');

/** How Redis is reached. `client` cannot be combined with another option that chooses a server. */
export interface CacheConnectionOptions extends RedisConnectionOptions {
  /** A client of ioredis. It keeps its options; this module never closes it and never makes it reconnect. */
  client?: Redis | Cluster;
}

const memoryShape = {
  /** Bytes that cached entries may take; the least recently used are dropped first. Default 67,108,864. */
  maxBytes: z
    .int()
    .min(1)
    .default(64 * 1024 * 1024),
};

/** Limits of the in-process backend. */
export interface MemoryOptions extends OptionsOf<typeof memoryShape> {}

const nearShape = {
  /**
   * Bytes that copies may take; the least recently used are dropped first. A copy counts as its size in Redis,
   * twice the length of its key and 300 bytes; the parsed value may take more. Default 67,108,864.
   */
  maxBytes: z
    .int()
    .min(1)
    .default(64 * 1024 * 1024),
  /** Number of copies; the least recently used are dropped first. Default 10,000. */
  maxEntries: z.int().min(1).max(MAX_COUNT).default(10_000),
  /**
   * How long copies are served while no notifications can be received, in seconds. A longer time gives more hits
   * during an outage; a missed change shows later. Default 30.
   */
  staleSeconds: z.number().min(0).max(MAX_TTL_SECONDS).default(30),
  /**
   * `server`: Redis reports changes, including expiry and writes of other programs. `pubsub`, and always on a
   * Cluster: the processes notify each other, so that all of them must have the same setting. Default `server`.
   */
  invalidation: z.enum(['server', 'pubsub']).default('server'),
};

/** Copies of entries in this process. All callers share a value, which is therefore frozen. */
export interface NearOptions extends OptionsOf<typeof nearShape> {}

const writeBehindShape = {
  /** Number of values; the oldest are dropped first and counted in `droppedWrites`. 0: none. Default 1,000. */
  maxEntries: z.int().min(0).default(1_000),
  /** Bytes of the values in Redis; the oldest are dropped first. Default 16,777,216. */
  maxBytes: z
    .int()
    .min(0)
    .default(16 * 1024 * 1024),
};

/** Computed values that wait for Redis to return. */
export interface WriteBehindOptions extends OptionsOf<typeof writeBehindShape> {}

const streamsShape = {
  /**
   * Streams of this process that other processes can read while they are produced. Above it, callers in other
   * processes get a stream at its end. 0: none. Default 1,000.
   */
  maxLive: z.int().min(0).max(MAX_COUNT).default(1_000),
};

/** Limits of the streams of `getOrStream`. */
export interface StreamsOptions extends OptionsOf<typeof streamsShape> {}

const namedQueueShape = {
  /** Requests that may wait; at the limit `queueRequest` returns `false`. Default 100,000. */
  maxLength: z.int().min(1).default(100_000),
  /**
   * Bytes of the requests that wait or are reserved, as they are stored; a request that does not fit is refused as at
   * `maxLength`. Default 1,073,741,824.
   */
  maxBytes: z
    .int()
    .min(1)
    .max(MAX_QUEUE_BYTES)
    .default(1024 * 1024 * 1024),
  /**
   * Size of a request as JSON, in bytes; above it `queueRequest` throws `ValueTooLargeError`, and a stored request becomes
   * a dead letter or is skipped. Default 1,048,576.
   */
  maxRequestBytes: bytes.default(1024 * 1024),
  /** How long a request stays reserved if the call does not say, in seconds; then it is delivered again. Default 30. */
  leaseSeconds: z.number().min(MIN_LEASE_SECONDS).max(MAX_LEASE_SECONDS).default(30),
  /** Deliveries of a request; one that comes back after the last becomes a dead letter. Default 5. */
  maxDeliveries: z.int().min(1).max(10_000).default(5),
  /** Dead letters that are kept; the oldest are dropped first. Default 10,000. */
  maxDeadLetters: z.int().min(1).max(MAX_COUNT).default(10_000),
};

/** Limits of one queue. Processes that share a queue should have the same limits. */
export interface NamedQueueOptions extends OptionsOf<typeof namedQueueShape> {}

export const NAMED_QUEUE_OPTIONS = callOptionNames<NamedQueueOptions>(namedQueueShape);

const queueShape = {
  /** Name within the prefix. Instances with the same prefix and name share a queue. Default `requests`. */
  name: z.string().min(1).max(128).default('requests'),
  ...namedQueueShape,
};

/** The request queue. All options but `name` are also the defaults of the queues that `queue(name)` returns. */
export interface QueueOptions extends NamedQueueOptions, OptionsOf<Pick<typeof queueShape, 'name'>> {}

const healthShape = {
  /**
   * `false`: without Redis the check passes as `degraded`, since fallbacks serve. `true`: it fails as `down`.
   * Default `false`.
   */
  required: z.boolean().default(false),
  /** How long the check may take, in milliseconds; after that Redis counts as unavailable. Default 1,000. */
  timeoutMs: timeoutMs.default(1_000),
};

/** The health indicator. */
export interface HealthOptions extends OptionsOf<typeof healthShape> {}

/** Keeps the interface as the input type, because declaration files lose the doc comments of nested shapes. */
const group = <Options>(schema: z.ZodType<Required<Options>, Options>): typeof schema => schema;

export const queueSchema = group<QueueOptions>(z.strictObject(queueShape));
const connection = optionsObject({ client: client.optional(), ...connectionShape });

/** The one definition of these options: type, documentation, default, limits and environment variable. */
export const redisCacheShape = {
  /**
   * `memory` keeps everything in this process, and loses it when the process ends. It is never chosen silently,
   * because a queue that dies with the process loses work. Default `redis`.
   */
  backend: z.enum(['redis', 'memory']).default('redis'),
  /** How Redis is reached. Default: `localhost:6379`. */
  connection: (
    connection.superRefine(checkConnection) as z.ZodType<z.output<typeof connection>, CacheConnectionOptions>
  ).prefault({}),
  /** Start of every key, 1 to 128 characters without braces. `clearCache()` removes nothing else. Default `redis-cache`. */
  keyPrefix: keyPrefix.default('redis-cache').register(variables, { name: 'REDIS_KEY_PREFIX' }),
  /** TTL of a response if the call names none, in seconds. Default 3,600. */
  ttlSeconds: ttlSeconds.default(3_600).register(variables, { name: 'CACHE_TTL_SECONDS', parse: Number }),
  /**
   * Deadline of an operation, in milliseconds: one without a reply returns its fallback after seven eighths of
   * this time to all of it. A whole deadline without any reply opens the circuit breaker. Default 500.
   */
  commandTimeoutMs: timeoutMs
    .default(500)
    .register(variables, { name: 'REDIS_COMMAND_TIMEOUT_MS', parse: Number }),
  /** How long opening a connection may take, in milliseconds; then it is tried again. Default 2,000. */
  connectTimeoutMs: timeoutMs
    .default(2_000)
    .register(variables, { name: 'REDIS_CONNECT_TIMEOUT_MS', parse: Number }),
  /**
   * Size of a response as JSON, in bytes; above it `cacheResponse` throws `ValueTooLargeError`, and a stored entry counts
   * as a miss. Default 8,388,608.
   */
  maxValueBytes: bytes.default(8 * 1024 * 1024),
  /**
   * Values above this size as JSON, in bytes, are stored compressed. That happens off the event loop and takes
   * time at every write and read of such a value. Default: never.
   */
  compressAboveBytes: z.number().min(0).default(Infinity),
  /**
   * Encryption of values, failures, pieces of streams and requests in Redis; see docs/security.md for what stays plain
   * text. Has no effect on the backend `memory`. Default: off.
   */
  encryption: group<EncryptionOptions>(optionsObject(encryptionShape)).optional(),
  /** Limits of the backend `memory`. */
  memory: group<MemoryOptions>(z.strictObject(memoryShape)).prefault({}),
  /**
   * Copies of entries in this process, for hits without a round trip; `{}` enables them with every default. One
   * more connection per process keeps them up to date. Default: off.
   */
  near: group<NearOptions>(z.strictObject(nearShape)).optional(),
  /** Defaults of every `getOrSet` call. */
  getOrSet: (getOrSetSchema as z.ZodType<z.output<typeof getOrSetSchema>, GetOrSetDefaults>).prefault({}),
  /** Limits of the computed values that wait for Redis to return. */
  writeBehind: group<WriteBehindOptions>(z.strictObject(writeBehindShape)).prefault({}),
  /** Limits of the streams of `getOrStream`. */
  streams: group<StreamsOptions>(z.strictObject(streamsShape)).prefault({}),
  /** The request queue, and the limits of the queues that `queue(name)` returns. */
  queue: queueSchema.prefault({}),
  /** The health indicator. */
  health: group<HealthOptions>(z.strictObject(healthShape)).prefault({}),
};

/**
 * Options of `RedisCacheModule.forRoot()`, `forRootAsync()` and `createRedisCache()`.
 *
 * @example
 * RedisCacheModule.forRoot({ connection: { url: 'redis://cache.internal:6379' }, ttlSeconds: 600 })
 */
export interface RedisCacheOptions extends OptionsOf<typeof redisCacheShape> {}

export const redisCacheSchema = z.strictObject(redisCacheShape);
