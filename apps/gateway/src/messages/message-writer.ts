import { randomBytes } from 'node:crypto';
import type { Completion } from 'nestjs-worker-pool';
import { type MessageBody, toMessage } from './to-message.js';

const ID_BYTES = 12;
/** Stands for an id until there is one. It comes first of all that clients or models can put into a text. */
const PLACEHOLDER = 'msg_id';

/** A message whose id is its first field. */
export interface Message extends MessageBody {
  id: string;
}

/**
 * Writes answers, each with an id of its own, hits included: no two messages of the API share one. The rest of
 * the text is made once for all hits of one stored answer, which share its value in this process.
 */
export class MessageWriter {
  readonly #texts = new WeakMap<Completion, readonly [beforeId: string, afterId: string]>();

  /** @param render has to write the id before any other value of the message */
  constructor(private readonly render: (message: Message) => string) {}

  write(completion: Completion): string {
    const [before, after] = this.#texts.get(completion) ?? this.#make(completion);
    return `${before}msg_${randomBytes(ID_BYTES).toString('hex')}${after}`;
  }

  #make(completion: Completion): readonly [string, string] {
    const text = this.render({ id: PLACEHOLDER, ...toMessage(completion) });
    const at = text.indexOf(PLACEHOLDER);
    const parts = [text.slice(0, at), text.slice(at + PLACEHOLDER.length)] as const;
    this.#texts.set(completion, parts);
    return parts;
  }
}
