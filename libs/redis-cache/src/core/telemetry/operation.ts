import { ObservedOperation, OperationChannels } from 'nestjs-redis-connection';

/** Name of the channel that receives each operation when it begins. */
export const OPERATION_START_CHANNEL = 'nestjs-redis-cache:operation:start';
/** Name of the channel that receives each operation when it has ended. */
export const OPERATION_END_CHANNEL = 'nestjs-redis-cache:operation:end';

/** Methods of the cache that are published. `getMany` is one `getCachedResponse` for each key. */
export type CacheOperationName =
  | 'getCachedResponse'
  | 'lookup'
  | 'lookupNear'
  | 'cacheResponse'
  | 'setMany'
  | 'getOrSet'
  | 'getOrStream'
  | 'resume'
  | 'delete'
  | 'invalidateTags'
  | 'clearCache';

/** Methods of a queue that are published; `process` is the call of a consumer's handler. */
export type QueueOperationName =
  | 'queueRequest'
  | 'queueRequests'
  | 'dequeueRequests'
  | 'waitForRequest'
  | 'reserveRequests'
  | 'acknowledgeRequests'
  | 'releaseRequest'
  | 'rejectRequest'
  | 'clearQueue'
  | 'process';

/**
 * How an operation ended.
 * - `near`: served from the copy in this process
 * - `hit`, `miss`: a stored value was found, or not; a `miss` of `getOrSet` computed the value
 * - `stale`: a stored value past its TTL
 * - `collapsed`: a value that another call computed
 * - `fallback`: Redis is unavailable, or has not confirmed it; `getOrSet` computed the value
 * - `deferred`: no hit for a fast path (`hitsOnly`), which calls `getOrSet` next
 * - `ok`: done
 * - `empty`: no request was available, or Redis has not replied
 * - `full`, `invalid`: the request was refused, see `QueueOutcome`
 * - `lost`: the lease of the request had ended
 * - `error`: the operation threw
 */
export type OperationOutcome =
  | 'near'
  | 'hit'
  | 'miss'
  | 'stale'
  | 'collapsed'
  | 'fallback'
  | 'deferred'
  | 'ok'
  | 'empty'
  | 'full'
  | 'invalid'
  | 'lost'
  | 'error';

const CHANNELS = new OperationChannels(OPERATION_START_CHANNEL, OPERATION_END_CHANNEL);

/** Whether a subscriber wants to know of operations. */
export const isObserved = (): boolean => CHANNELS.areObserved;

/**
 * One operation, as subscribers of the channels see it. Both channels receive the same object. It contains neither keys
 * nor values nor messages of errors.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel';
 * import { type CacheOperation, OPERATION_END_CHANNEL } from 'nestjs-redis-cache';
 *
 * subscribe(OPERATION_END_CHANNEL, (message) => {
 *   const { operation, outcome, durationMs } = message as CacheOperation;
 *   console.log(operation, outcome, durationMs);
 * });
 */
export class CacheOperation extends ObservedOperation<OperationOutcome> {
  /** Size of the value as it is stored, in bytes, where the operation knows it. */
  bytes: number | undefined;
  /** How many requests were sent, received or settled; how many responses, keys or tags. */
  count: number | undefined;
  /** Of a `collapsed` operation: the one in this process that it joined; `undefined` if another process computed. */
  leader: CacheOperation | undefined;

  constructor(
    readonly operation: CacheOperationName | QueueOperationName,
    /** Name of the cache instance; `default` for the one without a name. */
    readonly cache: string,
    /** Name of the queue; `undefined` for operations of the cache. */
    readonly queue: string | undefined = undefined,
  ) {
    super(CHANNELS);
  }
}
