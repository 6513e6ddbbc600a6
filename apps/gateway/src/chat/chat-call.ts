import type { FastifyReply, FastifyRequest } from 'fastify';
import { InvalidRequestError } from 'nestjs-worker-pool';
import { ProblemError } from '../http/problem.js';
import { MessagesCall } from '../messages/messages-request.js';
import type { ChatBody } from './chat-body.js';
import { chatFieldOf } from './chat-fields.js';
import { toMessagesRequest, type TranslatedChat } from './chat-request.js';
import { refuseField } from './refuse-field.js';

/** A request for a chat completion, as one for a message. */
export class ChatCall extends MessagesCall {
  readonly variant: string | undefined;
  readonly #chat: TranslatedChat;

  /** @throws {ProblemError} 400 naming the field that cannot be translated */
  constructor(
    readonly body: ChatBody,
    request: FastifyRequest,
    reply: FastifyReply,
  ) {
    if (body.stream_options && !body.stream)
      refuseField('stream_options', 'is only allowed with stream: true');
    const chat = toMessagesRequest(body);
    super(chat.request, request, reply);
    this.#chat = chat;
    this.variant = typeof body.seed === 'number' ? `seed ${body.seed}` : undefined;
  }

  /** Runs `answer`; an error of the executor about a field names the field of the chat. */
  async named(answer: () => Promise<void>): Promise<void> {
    try {
      await answer();
    } catch (error) {
      throw error instanceof InvalidRequestError ? this.#renamed(error) : error;
    }
  }

  #renamed({ field, message, code }: InvalidRequestError): ProblemError {
    const name = chatFieldOf(field, this.body, this.#chat);
    const detail = message.startsWith(field) ? `${name}${message.slice(field.length)}` : message;
    return new ProblemError(400, detail, { code, errors: [{ field: name, detail }] });
  }
}
