import type { Cluster, Redis } from 'ioredis';
import { checkConnection, connectionShape, describeIssue, optionsObject } from 'nestjs-redis-connection';
import { z } from 'zod';
import { InvalidCallOptionError, InvalidOptionsError } from '../errors/errors.js';
import { MAX_TTL_SECONDS } from '../entry/ttl.js';
import type { NamedQueueOptions, RedisCacheOptions } from './redis-cache-options.js';

/** A day. */
export const MAX_LEASE_SECONDS = 86_400;
const MAX_TIMEOUT_MS = 3_600_000;
const MAX_BYTES = 512 * 1024 * 1024;

const timeoutMs = z.number().min(1).max(MAX_TIMEOUT_MS);
const bytes = z.int().min(1).max(MAX_BYTES);

const client = z.custom<Redis | Cluster>(
  (value) => typeof (value as Redis | null)?.getBuffer === 'function',
  'must be a client of ioredis (Redis or Cluster)',
);

const errorFunction = z.custom<(error: unknown) => number>((value) => typeof value === 'function');
const valueFunction = z.custom<(value: unknown) => boolean>((value) => typeof value === 'function');

const connection = optionsObject({ client: client.optional(), ...connectionShape }).superRefine(
  checkConnection,
);

const keyPrefix = z
  .string()
  .min(1)
  .max(128)
  .refine((value) => !/[{}]/.test(value), 'must not contain braces: they decide the Cluster slot')
  .refine((value) => value.isWellFormed(), 'must be well-formed Unicode');

const queue = z.strictObject({
  name: z.string().min(1).max(128).default('requests'),
  maxLength: z.int().min(1).default(100_000),
  maxRequestBytes: bytes.default(1024 * 1024),
  leaseSeconds: z.number().min(0.05).max(MAX_LEASE_SECONDS).default(30),
  maxDeliveries: z.int().min(1).max(10_000).default(5),
  maxDeadLetters: z.int().min(1).max(10_000_000).default(10_000),
});

const schema = z.strictObject({
  backend: z.enum(['redis', 'memory']).default('redis'),
  connection: connection.prefault({}),
  keyPrefix: keyPrefix.default('redis-cache'),
  ttlSeconds: z.number().positive().max(MAX_TTL_SECONDS).default(3_600),
  commandTimeoutMs: timeoutMs.default(500),
  connectTimeoutMs: timeoutMs.default(2_000),
  maxValueBytes: bytes.default(8 * 1024 * 1024),
  compressAboveBytes: z.number().min(0).default(Infinity),
  memory: z
    .strictObject({
      maxBytes: z
        .int()
        .min(1)
        .default(64 * 1024 * 1024),
    })
    .prefault({}),
  near: z
    .strictObject({
      maxBytes: z
        .int()
        .min(1)
        .default(64 * 1024 * 1024),
      maxEntries: z.int().min(1).max(10_000_000).default(10_000),
      staleSeconds: z.number().min(0).max(MAX_TTL_SECONDS).default(30),
      invalidation: z.enum(['server', 'pubsub']).default('server'),
    })
    .optional(),
  getOrSet: z
    .strictObject({
      ttlSeconds: z.number().positive().max(MAX_TTL_SECONDS).optional(),
      jitterRatio: z.number().min(0).max(1).optional(),
      staleSeconds: z.number().min(0).max(MAX_TTL_SECONDS).optional(),
      softTimeoutMs: z.number().min(0).max(MAX_TIMEOUT_MS).optional(),
      hardTimeoutMs: timeoutMs.optional(),
      refreshAhead: z.number().min(0).max(1).optional(),
      negativeTtlSeconds: z.union([z.number().min(0).max(MAX_TTL_SECONDS), errorFunction]).optional(),
      failureBackoffMs: timeoutMs.optional(),
      shouldCache: valueFunction.optional(),
      crossProcess: z.boolean().optional(),
      leaseMs: z.number().min(50).max(MAX_TIMEOUT_MS).optional(),
    })
    .prefault({}),
  writeBehind: z
    .strictObject({
      maxEntries: z.int().min(0).default(1_000),
      maxBytes: z
        .int()
        .min(0)
        .default(16 * 1024 * 1024),
    })
    .prefault({}),
  queue: queue.prefault({}),
  health: z
    .strictObject({ required: z.boolean().default(false), timeoutMs: timeoutMs.default(1_000) })
    .prefault({}),
});

/** Every option, with its default where none was given. */
export type ResolvedRedisCacheOptions = z.output<typeof schema>;

/**
 * Checks options and fills in the defaults.
 *
 * @param names what to call a field in an error, by its path, where its user knows it by another name
 * @throws {InvalidOptionsError} naming the first wrong field; its value is not repeated
 */
export function resolveOptions(
  options: RedisCacheOptions = {},
  names: Readonly<Record<string, string>> = {},
): ResolvedRedisCacheOptions {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  const { path, problem } = describeIssue(result.error.issues[0]!);
  throw new InvalidOptionsError(names[path] ?? path, problem);
}

/**
 * The options of a queue: those given, and the defaults of its instance.
 *
 * @throws {InvalidCallOptionError} naming the first wrong field
 */
export function resolveQueueOptions(
  defaults: ResolvedRedisCacheOptions['queue'],
  options: NamedQueueOptions,
): ResolvedRedisCacheOptions['queue'] {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  const result = queue.safeParse({ ...defaults, ...Object.fromEntries(given) });
  if (result.success) return result.data;
  const { path, problem } = describeIssue(result.error.issues[0]!);
  throw new InvalidCallOptionError(path, problem);
}
