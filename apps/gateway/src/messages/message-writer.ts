import type { Readable } from 'node:stream';
import { type Completion, isLargeJson } from 'nestjs-worker-pool';
import {
  type Message,
  messageEvents,
  messageId,
  type StreamEvent,
  toMessage,
} from '../completions/message-events.js';
import { serverSentEvent } from '../http/event-stream.js';
import { jsonInSteps } from '../http/json-response.js';

/** Marks the place of the id. The id is written first, so that no text of a client or model can come before it. */
const PLACEHOLDER = 'msg_id';

/**
 * Serializes completions as messages, each with a new id, hits included: no two messages of the API share one. The rest
 * of the text is rendered once per completion, because all hits of an entry share its value in this process.
 */
export class MessageWriter {
  readonly #texts = new WeakMap<Completion, readonly [beforeId: string, afterId: string]>();

  /** @param render must write the id before any other value of the message */
  constructor(private readonly render: (message: Message) => string) {}

  write(completion: Completion): string {
    const [before, after] = this.texts(completion);
    return `${before}${messageId()}${after}`;
  }

  /** The texts before and after the id. */
  texts(completion: Completion): readonly [beforeId: string, afterId: string] {
    return this.#texts.get(completion) ?? this.#render(completion);
  }

  #render(completion: Completion): readonly [string, string] {
    const text = this.render({ id: PLACEHOLDER, ...toMessage(completion) });
    const at = text.indexOf(PLACEHOLDER);
    const parts = [text.slice(0, at), text.slice(at + PLACEHOLDER.length)] as const;
    this.#texts.set(completion, parts);
    return parts;
  }
}

/** Writes messages as JSON. */
export const JSON_BODY = new MessageWriter((message) => JSON.stringify(message));

/** Returns the body of a response with a message. A large one is written while it is sent, and not kept. */
export function messageBody(completion: Completion): string | Readable {
  if (!isLargeJson(completion)) return JSON_BODY.write(completion);
  return jsonInSteps({ id: messageId(), ...toMessage(completion) });
}

/** Renders one event of the API's stream. */
export function sse(event: StreamEvent): string {
  return serverSentEvent(event.type, event);
}

/** Keeps a connection alive; clients ignore it. */
export const PING = sse({ type: 'ping' });

/** Writes messages as the server-sent events of a stream. */
export const EVENTS = new MessageWriter((message) => {
  const [start, ...rest] = messageEvents(message).map(sse);
  return [start, PING, ...rest].join('');
});
