import { Readable } from 'node:stream';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { CompletionAnswer } from '../completions/completion-call.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { INTERNAL_ERROR } from '../http/problem.js';
import { toProblemError } from '../http/problem-details.filter.js';
import { LATE, within } from '../util/deadline.js';
import { EVENTS, PING, sse } from './message-writer.js';
import { messagesError, messagesStatus } from './messages-error.js';

/** Opens event streams before their completion is there, and keeps them alive until it is. */
@Injectable()
export class MessageStreams {
  readonly #logger = new Logger(MessageStreams.name);

  constructor(@Inject(gatewayConfig.KEY) private readonly config: GatewayConfig) {}

  /** Sends pings, then the message's events. A failure becomes an `error` event, because the status is already sent. */
  open(answer: Promise<CompletionAnswer>, reply: FastifyReply): Readable {
    reply.header('request-id', reply.request.id);
    const events = answer.then(
      ({ result }) => {
        // Too late for the headers, in time for the log and the metrics.
        reply.answer = result;
        return EVENTS.write(result.value);
      },
      (error: unknown) => this.#errorEvent(error, reply.request.id),
    );
    return Readable.from(this.#withPings(events));
  }

  async *#withPings(events: Promise<string>): AsyncGenerator<string, void> {
    for (let text: string | typeof LATE = LATE; text === LATE;) {
      yield PING;
      text = await within(events, this.config.MESSAGES_PING_MS);
      if (text !== LATE) yield text;
    }
  }

  #errorEvent(error: unknown, requestId: string): string {
    const known = toProblemError(error);
    if (!known) this.#logger.error(error instanceof Error ? error.stack : String(error));
    const problem = known ?? INTERNAL_ERROR;
    return sse({ ...messagesError(messagesStatus(problem), problem.message, requestId) });
  }
}
