import { context, type Span, SpanStatusCode, trace, type TracerProvider } from '@opentelemetry/api';
import type { CacheOperation } from '../core.js';
import {
  batchAttributeOf,
  ERROR_TYPE,
  errorTypeOf,
  kindOf,
  OUTCOME,
  SCOPE,
  spanAttributesOf,
  spanKindOf,
  spanNameOf,
} from './conventions.js';

/** Has a span for each operation. */
export class OperationSpans {
  readonly #spans = new WeakMap<CacheOperation, Span>();

  constructor(private readonly provider: TracerProvider) {}

  readonly start = (message: unknown): void => {
    const operation = message as CacheOperation;
    if (kindOf(operation) === 'copy') return;
    const parent = context.active();
    const options = { kind: spanKindOf(operation), attributes: spanAttributesOf(operation) };
    const span = this.provider.getTracer(SCOPE).startSpan(spanNameOf(operation), options, parent);
    this.#spans.set(operation, span);
    operation.within((run) => context.with(trace.setSpan(parent, span), run));
  };

  readonly end = (message: unknown): void => {
    const operation = message as CacheOperation;
    const span = this.#spans.get(operation);
    if (span === undefined) return;
    this.#linkToLeader(span, operation);
    const { outcome, bytes, count } = operation;
    if (outcome !== undefined) span.setAttribute(OUTCOME, outcome);
    if (bytes !== undefined) span.setAttribute('nestjs_redis_cache.bytes', bytes);
    if (count !== undefined && count !== 1) span.setAttribute(batchAttributeOf(operation), count);
    const errorType = errorTypeOf(operation);
    if (errorType !== undefined) {
      span.setAttribute(ERROR_TYPE, errorType);
      span.setStatus({ code: SpanStatusCode.ERROR });
    }
    span.end();
  };

  #linkToLeader(span: Span, { leader }: CacheOperation): void {
    const led = leader && this.#spans.get(leader);
    if (led !== undefined) span.addLink({ context: led.spanContext() });
  }
}
