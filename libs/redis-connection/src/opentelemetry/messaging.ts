import { type Attributes, type Counter, type Histogram, type Meter, SpanKind } from '@opentelemetry/api';
import { counterOf, durationOf } from './instruments.js';

/** Type of an operation by the semantic conventions for messaging. */
export type MessagingType = 'send' | 'receive' | 'settle' | 'process';

/** Kinds of spans. A `send` is no producer, because its context does not travel with the message. */
export const MESSAGING_KINDS: Record<MessagingType, SpanKind> = {
  send: SpanKind.CLIENT,
  receive: SpanKind.CLIENT,
  settle: SpanKind.CLIENT,
  process: SpanKind.CONSUMER,
};

/** Recommended by the conventions. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** Attributes of an operation that do not depend on its queue. */
export function messagingAttributes(system: string, name: string, type?: MessagingType): Attributes {
  const known = { 'messaging.system': system, 'messaging.operation.name': name };
  return type === undefined ? known : { ...known, 'messaging.operation.type': type };
}

/** The metrics of the conventions. */
export class MessagingMetrics {
  readonly #sent: Counter;
  readonly #consumed: Counter;
  readonly #operation: Histogram;
  readonly #process: Histogram;

  constructor(meter: Meter) {
    const counter = (name: string, description: string): Counter =>
      counterOf(meter, name, '{message}', description);
    const duration = (name: string, description: string): Histogram =>
      durationOf(meter, name, description, BUCKETS);
    this.#sent = counter('messaging.client.sent.messages', 'Requests appended to queues');
    this.#consumed = counter('messaging.client.consumed.messages', 'Requests delivered');
    this.#operation = duration('messaging.client.operation.duration', 'Duration of operations of queues');
    this.#process = duration('messaging.process.duration', 'Duration of handlers');
  }

  /** Records an operation that has ended; `count` messages were sent or delivered by it. */
  record(type: MessagingType, seconds: number, count: number, attributes: Attributes): void {
    const duration = type === 'process' ? this.#process : this.#operation;
    duration.record(seconds, attributes);
    if (type === 'send') this.sent(count, attributes);
    if (type === 'receive' || type === 'process') this.#consumed.add(count, attributes);
  }

  /** Counts messages that were sent by an operation that does more than that. */
  sent(count: number, attributes: Attributes): void {
    this.#sent.add(count, attributes);
  }
}
