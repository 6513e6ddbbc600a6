import { type Attributes, SpanKind } from '@opentelemetry/api';
import type { CacheOperation, CacheOperationName, QueueOperationName } from '../core.js';

/** Name of the tracer and of the meter. */
export const SCOPE = 'nestjs-redis-cache';

export const ERROR_TYPE = 'error.type';
export const OUTCOME = 'nestjs_redis_cache.outcome';
export const STATE = 'nestjs_redis_cache.state';
const CACHE = 'nestjs_redis_cache.name';
const OPERATION = 'nestjs_redis_cache.operation';

type AnyOperationName = CacheOperationName | QueueOperationName;
type MessagingType = 'send' | 'receive' | 'settle' | 'process';

/** Operations that may run a factory, which takes most of their time. */
const COMPUTING: ReadonlySet<AnyOperationName> = new Set(['getOrSet', 'getOrStream', 'resume']);

const MESSAGING_TYPES: Partial<Record<AnyOperationName, MessagingType>> = {
  queueRequest: 'send',
  queueRequests: 'send',
  dequeueRequests: 'receive',
  waitForRequest: 'receive',
  reserveRequests: 'receive',
  acknowledgeRequests: 'settle',
  releaseRequest: 'settle',
  rejectRequest: 'settle',
  process: 'process',
};

const MESSAGING_KINDS: Record<MessagingType, SpanKind> = {
  send: SpanKind.PRODUCER,
  receive: SpanKind.CLIENT,
  settle: SpanKind.CLIENT,
  process: SpanKind.CONSUMER,
};

/**
 * What an operation is by the semantic conventions.
 * - `database`: a request to Redis
 * - `computation`: it may run a factory
 * - `copy`: a look-up in this process, too short for a span
 * - otherwise: an operation of messaging
 */
export function kindOf({
  operation,
  queue,
}: CacheOperation): 'database' | 'computation' | 'copy' | MessagingType {
  if (operation === 'lookupNear') return 'copy';
  if (COMPUTING.has(operation)) return 'computation';
  return (queue === undefined ? undefined : MESSAGING_TYPES[operation]) ?? 'database';
}

/** Kind of the span of an operation. */
export function spanKindOf(operation: CacheOperation): SpanKind {
  const kind = kindOf(operation);
  if (kind === 'database') return SpanKind.CLIENT;
  return kind === 'computation' || kind === 'copy' ? SpanKind.INTERNAL : MESSAGING_KINDS[kind];
}

/** Name of the span: the operation, for a queue with the name of the queue. */
export function spanNameOf({ operation, queue }: CacheOperation): string {
  return queue === undefined ? operation : `${operation} ${queue}`;
}

/** Attributes of the span that are known when it starts. */
export function spanAttributesOf(operation: CacheOperation): Attributes {
  const { cache, queue } = operation;
  const destination = queue === undefined ? {} : { 'messaging.destination.name': queue };
  return { ...systemAttributesOf(operation), ...destination, [CACHE]: cache };
}

/** Attributes of the conventions. Names of queues are missing: there may be any number of them. */
export function systemAttributesOf(operation: CacheOperation): Attributes {
  const kind = kindOf(operation);
  const { operation: name } = operation;
  if (kind === 'database' || kind === 'computation' || kind === 'copy') {
    return { 'db.system.name': 'redis', 'db.operation.name': name };
  }
  return {
    'messaging.system': 'redis',
    'messaging.operation.name': name,
    'messaging.operation.type': kind,
  };
}

/** Name of the attribute with the size of a batch. */
export function batchAttributeOf(operation: CacheOperation): string {
  return kindOf(operation) === 'database' ? 'db.operation.batch.size' : 'messaging.batch.message_count';
}

/** Attributes of our own metrics. */
export function ownAttributesOf({ operation, cache, outcome }: CacheOperation): Attributes {
  return { [OPERATION]: operation, [OUTCOME]: outcome, [CACHE]: cache };
}

/** Attributes of a change of state. */
export function stateAttributesOf({ state, cache }: { state: string; cache: string }): Attributes {
  return { [STATE]: state, [CACHE]: cache };
}

/** Class of the failure of an operation that has ended; a `getOrSet` that computed without Redis did not fail. */
export function errorTypeOf(operation: CacheOperation): string | undefined {
  if (operation.errorType !== undefined) return operation.errorType;
  const failed = operation.outcome === 'fallback' && kindOf(operation) !== 'computation';
  return failed ? 'unavailable' : undefined;
}
