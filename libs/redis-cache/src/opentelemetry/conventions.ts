import { type Attributes, SpanKind } from '@opentelemetry/api';
import {
  MESSAGING_KINDS,
  messagingAttributes,
  type MessagingType,
  type SpanConventions,
} from 'nestjs-redis-connection/opentelemetry';
import type { CacheOperation, CacheOperationName, QueueOperationName } from '../core.js';

/** Name of the tracer and of the meter. */
export const SCOPE = 'nestjs-redis-cache';

const OUTCOME = 'nestjs_redis_cache.outcome';
const STATE = 'nestjs_redis_cache.state';
const CACHE = 'nestjs_redis_cache.name';
const OPERATION = 'nestjs_redis_cache.operation';
const BYTES = 'nestjs_redis_cache.bytes';

type AnyOperationName = CacheOperationName | QueueOperationName;

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

/** The spans of a cache and of its queues. Names of queues are attributes of spans, not of metrics. */
export const CACHE_SPANS: SpanConventions<CacheOperation> = {
  scope: SCOPE,
  start: (operation) => {
    const kind = kindOf(operation);
    if (kind === 'copy') return undefined;
    const { operation: name, cache, queue } = operation;
    const destination = queue === undefined ? {} : { 'messaging.destination.name': queue };
    return {
      name: queue === undefined ? name : `${name} ${queue}`,
      kind: spanKindOf(kind),
      attributes: { ...systemAttributesOf(operation), ...destination, [CACHE]: cache },
    };
  },
  end: (operation) => {
    const { outcome, bytes, count } = operation;
    const batch = count === undefined || count === 1 ? {} : { [batchAttributeOf(operation)]: count };
    return { [OUTCOME]: outcome, [BYTES]: bytes, ...batch };
  },
  errorType: errorTypeOf,
  leader: ({ leader }) => leader,
};

function spanKindOf(kind: 'database' | 'computation' | MessagingType): SpanKind {
  if (kind === 'database') return SpanKind.CLIENT;
  return kind === 'computation' ? SpanKind.INTERNAL : MESSAGING_KINDS[kind];
}

/** Attributes of the conventions. Names of queues are missing: there may be any number of them. */
export function systemAttributesOf(operation: CacheOperation): Attributes {
  const kind = kindOf(operation);
  const { operation: name } = operation;
  if (kind === 'database' || kind === 'computation' || kind === 'copy') {
    return { 'db.system.name': 'redis', 'db.operation.name': name };
  }
  return messagingAttributes('redis', name, kind);
}

/** Name of the attribute with the size of a batch. */
function batchAttributeOf(operation: CacheOperation): string {
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
