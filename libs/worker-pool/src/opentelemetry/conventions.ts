import {
  type Attributes,
  type Context,
  isSpanContextValid,
  type Link,
  ROOT_CONTEXT,
  SpanKind,
  trace,
} from '@opentelemetry/api';
import {
  MESSAGING_KINDS,
  messagingAttributes,
  type MessagingType,
  type SpanConventions,
} from 'nestjs-redis-connection/opentelemetry';
import type { PoolOperation, PoolOperationName } from '../core.js';

/** Name of the tracer and of the meter. */
export const SCOPE = 'nestjs-worker-pool';

const OPERATION = 'nestjs_worker_pool.operation';
const OUTCOME = 'nestjs_worker_pool.outcome';
const EXECUTOR = 'nestjs_worker_pool.executor';

/** `run` and `getResult` have no type: they wait for the end of the task. */
const MESSAGING_TYPES: Partial<Record<PoolOperationName, MessagingType>> = {
  submit: 'send',
  stream: 'send',
  execute: 'process',
};

/** Type of an operation that sends a task to other processes or receives it from them. */
export function messagingTypeOf({ operation, queue }: PoolOperation): MessagingType | undefined {
  return queue === undefined ? undefined : MESSAGING_TYPES[operation];
}

/** The spans of a pool. */
export const POOL_SPANS: SpanConventions<PoolOperation> = {
  scope: SCOPE,
  start: (operation) => {
    const { operation: name, executor, queue } = operation;
    const destination = queue === undefined ? {} : { 'messaging.destination.name': queue };
    return {
      name: queue === undefined ? name : `${name} ${queue}`,
      kind: spanKindOf(operation),
      attributes: { ...systemAttributesOf(operation), ...destination, [EXECUTOR]: executor },
      ...originOf(operation),
    };
  },
  end: ({ outcome }) => ({ [OUTCOME]: outcome }),
  errorType: ({ errorType }) => errorType,
  leader: () => undefined,
};

function spanKindOf(operation: PoolOperation): SpanKind {
  if (operation.queue === undefined) return SpanKind.INTERNAL;
  const type = messagingTypeOf(operation);
  return type === undefined ? SpanKind.CLIENT : MESSAGING_KINDS[type];
}

/** A worker that takes tasks from a queue does so in the context in which the pool was started, which is not the task's. */
function originOf({ operation, queue, traceparent }: PoolOperation): { parent?: Context; links?: Link[] } {
  const [, traceId = '', spanId = '', flags = ''] = traceparent?.split('-') ?? [];
  const context = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  if (isSpanContextValid(context)) {
    return { parent: trace.setSpanContext(ROOT_CONTEXT, context), links: [{ context }] };
  }
  return operation === 'execute' && queue !== undefined ? { parent: ROOT_CONTEXT } : {};
}

/** Attributes of the conventions for messaging; none for work in this process. */
export function systemAttributesOf(operation: PoolOperation): Attributes {
  return operation.queue === undefined
    ? {}
    : messagingAttributes('bullmq', operation.operation, messagingTypeOf(operation));
}

/** Attributes of our own metrics. */
export function ownAttributesOf({ operation, executor, outcome }: PoolOperation): Attributes {
  return { [OPERATION]: operation, [OUTCOME]: outcome, [EXECUTOR]: executor };
}
