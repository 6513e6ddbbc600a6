import { z } from 'zod';
import { describeIssue, MAX_LEASE_SECONDS } from '../options/redis-cache-options.schema.js';
import { InvalidCallOptionError } from '../errors/errors.js';
import type { ReservedRequest } from './reservations.js';
import { ConsumerSlots } from './consumer-slots.js';

/** What a handler is told beside its request. */
export interface HandlerContext {
  /**
   * Aborts when the request is no longer this consumer's: another one has it, or the time to finish at a
   * shutdown is over.
   */
  readonly signal: AbortSignal;
}

/**
 * Handles one request. When it resolves, the request is acknowledged; when it throws, the request is tried again
 * later, and is a dead letter after `maxDeliveries`. See `RejectRequestError` and `TryLaterError` for the rest.
 */
export type RequestHandler<T> = (request: ReservedRequest<T>, context: HandlerContext) => unknown;

/** Options of a `RequestConsumer`. */
export interface RequestConsumerOptions<T = unknown> {
  handler: RequestHandler<T>;
  /** Requests that are handled at the same time in this process. Default 1. */
  concurrency?: number;
  /**
   * Shared with the consumers of other queues, for a limit to what all of them handle at the same time, and for
   * turns. Beside it `concurrency` limits this consumer alone. Default: none.
   */
  slots?: ConsumerSlots;
  /**
   * Requests that are fetched ahead, so that a handler that takes no time need not wait for the next one.
   * Other processes cannot have them meanwhile: leave it at 0, the default, where handling takes long.
   */
  prefetch?: number;
  /**
   * For how long a request stays with this process, in seconds; renewed as long as it is being handled.
   * After a crash it comes back that late. Default: the queue's `leaseSeconds` (30).
   */
  leaseSeconds?: number;
  /**
   * How long a request that failed stays out of reach, in milliseconds: doubled with each delivery, and a random
   * half of it taken off. Default 1,000.
   */
  retryDelayMs?: number;
  /** The most that this becomes, in milliseconds. Default 60,000. */
  maxRetryDelayMs?: number;
  /** How long handlers may go on at a shutdown, in milliseconds; then requests are given back. Default 10,000. */
  drainTimeoutMs?: number;
}

const MAX_MS = 86_400_000;

const schema = z.strictObject({
  handler: z.custom<RequestHandler<never>>((value) => typeof value === 'function', 'must be a function'),
  concurrency: z.int().min(1).max(10_000).default(1),
  slots: z.instanceof(ConsumerSlots, { error: 'must be ConsumerSlots' }).optional(),
  prefetch: z.int().min(0).max(10_000).default(0),
  leaseSeconds: z.number().min(0.05).max(MAX_LEASE_SECONDS).optional(),
  retryDelayMs: z.number().min(0).max(MAX_MS).default(1_000),
  maxRetryDelayMs: z.number().min(0).max(MAX_MS).default(60_000),
  drainTimeoutMs: z.number().min(0).max(MAX_MS).default(10_000),
});

/** Every option, with its default where none was given. */
export type ResolvedConsumerOptions<T> = Omit<z.output<typeof schema>, 'handler'> & {
  handler: RequestHandler<T>;
};

/** @throws {InvalidCallOptionError} naming the first wrong option */
export function resolveConsumerOptions<T>(options: RequestConsumerOptions<T>): ResolvedConsumerOptions<T> {
  const result = schema.safeParse(options);
  if (result.success) return { ...result.data, handler: options.handler };
  const { path, problem } = describeIssue(result.error.issues[0]!);
  throw new InvalidCallOptionError(path, problem);
}
