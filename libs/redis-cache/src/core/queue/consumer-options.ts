import { checkOptions, type OptionsOf } from 'nestjs-redis-connection';
import { z } from 'zod';
import { InvalidCallOptionError } from '../errors/errors.js';
import { MAX_LEASE_SECONDS, MIN_LEASE_SECONDS } from '../options/redis-cache-options.js';
import { ConsumerSlots } from './consumer-slots.js';
import type { ReservedRequest } from './reservations.js';

/** Second argument of a handler. */
export interface HandlerContext {
  /**
   * Aborts with a `LeaseEndedError` when this consumer no longer holds the request: another consumer has it, or the
   * consumer has stopped and `drainTimeoutMs` has passed.
   */
  readonly signal: AbortSignal;
}

/**
 * Handles one request. When it resolves, the request is acknowledged. When it throws, the request is delivered again
 * later, and becomes a dead letter after `maxDeliveries` deliveries. See also `RejectRequestError` and
 * `TryLaterError`.
 */
export type RequestHandler<T> = (request: ReservedRequest<T>, context: HandlerContext) => unknown;

const MAX_MS = 86_400_000;

/** The one definition of these options: type, documentation, default and limits. */
export const consumerShape = {
  handler: z.custom<RequestHandler<never>>((value) => typeof value === 'function', 'must be a function'),
  /** Requests handled at the same time in this process. Default 1. */
  concurrency: z.int().min(1).max(10_000).default(1),
  /**
   * Limits what the consumers of several queues handle at the same time, all together and in turn; `concurrency`
   * limits this consumer as well. Default: none.
   */
  slots: z.instanceof(ConsumerSlots, { error: 'must be ConsumerSlots' }).optional(),
  /**
   * Requests fetched ahead, so that a short handler need not wait for the next one. Other processes cannot get them
   * meanwhile: leave it at 0 where handling takes long. Default 0.
   */
  prefetch: z.int().min(0).max(10_000).default(0),
  /**
   * Lease of each request in seconds, renewed while the request is handled. After a crash the request comes back when
   * the lease ends. Default: the queue's `leaseSeconds`.
   */
  leaseSeconds: z.number().min(MIN_LEASE_SECONDS).max(MAX_LEASE_SECONDS).optional(),
  /**
   * How long a failed request stays unavailable, in milliseconds. Doubles with each delivery; half of it is random.
   * Default 1,000.
   */
  retryDelayMs: z.number().min(0).max(MAX_MS).default(1_000),
  /** Upper limit of the retry delay, in milliseconds. Default 60,000. */
  maxRetryDelayMs: z.number().min(0).max(MAX_MS).default(60_000),
  /** How long handlers may continue after `stop()`, in milliseconds; then requests are released. Default 10,000. */
  drainTimeoutMs: z.number().min(0).max(MAX_MS).default(10_000),
};

/** Options of `queue.createConsumer()`. */
export interface RequestConsumerOptions<T = unknown> extends Omit<
  OptionsOf<typeof consumerShape>,
  'handler'
> {
  /** `(request, { signal }) => …`; what it returns is awaited. */
  handler: RequestHandler<T>;
}

const schema = z.strictObject(consumerShape);

/** The options with their defaults. */
export type ResolvedConsumerOptions<T> = Omit<z.output<typeof schema>, 'handler'> & {
  handler: RequestHandler<T>;
};

/** @throws {InvalidCallOptionError} naming every invalid option */
export function resolveConsumerOptions<T>(options: RequestConsumerOptions<T>): ResolvedConsumerOptions<T> {
  const checked = checkOptions(schema, options, (path, problem) => new InvalidCallOptionError(path, problem));
  return { ...checked, handler: options.handler };
}
