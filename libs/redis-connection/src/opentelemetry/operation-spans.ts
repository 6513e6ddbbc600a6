import {
  type Attributes,
  type Context,
  context,
  type Link,
  type Span,
  type SpanKind,
  SpanStatusCode,
  trace,
  type TracerProvider,
} from '@opentelemetry/api';
import type { ObservedOperation } from '../observed-operation.js';
import { failureAttributes } from './instruments.js';

/** A span when it starts. */
export interface SpanStart {
  name: string;
  kind: SpanKind;
  attributes: Attributes;
  /** Default: the active context. */
  parent?: Context;
  links?: Link[];
}

/** What the spans of a library's operations contain. */
export interface SpanConventions<O> {
  /** Name of the tracer. */
  readonly scope: string;
  /** `undefined`: the operation has no span. */
  start(operation: O): SpanStart | undefined;
  /** Attributes that are known only at the end, without that of a failure. */
  end(operation: O): Attributes;
  /** Class of the failure of an operation that has ended. */
  errorType(operation: O): string | undefined;
  /** The operation of this process whose result this one has. */
  leader(operation: O): O | undefined;
}

/** Has a span for each operation, in which it runs. Both methods subscribe to the channels of the operations. */
export class OperationSpans<O extends ObservedOperation<string>> {
  readonly #spans = new WeakMap<O, Span>();

  constructor(
    private readonly provider: TracerProvider,
    private readonly conventions: SpanConventions<O>,
  ) {}

  readonly start = (message: unknown): void => {
    const operation = message as O;
    const started = this.conventions.start(operation);
    if (started === undefined) return;
    const { name, parent = context.active(), ...options } = started;
    const span = this.provider.getTracer(this.conventions.scope).startSpan(name, options, parent);
    this.#spans.set(operation, span);
    operation.within((run) => context.with(trace.setSpan(parent, span), run));
  };

  readonly end = (message: unknown): void => {
    const operation = message as O;
    const span = this.#spans.get(operation);
    if (span === undefined) return;
    const leader = this.conventions.leader(operation);
    const led = leader && this.#spans.get(leader);
    if (led !== undefined) span.addLink({ context: led.spanContext() });
    const errorType = this.conventions.errorType(operation);
    span.setAttributes({ ...this.conventions.end(operation), ...failureAttributes(errorType) });
    if (errorType !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  };
}
