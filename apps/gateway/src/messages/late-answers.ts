import { Readable } from 'node:stream';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { CompletionAnswer } from '../completion/completion-order.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { INTERNAL_ERROR } from '../http/problem.js';
import { toProblemError } from '../http/to-problem-error.js';
import { PING, sse } from './message-events.js';
import { EVENTS } from './message-formats.js';
import { messagesError, messagesStatus } from './messages-error.js';
import { LATE, within } from './within.js';

/** Streams that begin before their answer is there, and are kept alive until it comes. */
@Injectable()
export class LateAnswers {
  readonly #logger = new Logger(LateAnswers.name);

  constructor(@Inject(gatewayConfig.KEY) private readonly config: GatewayConfig) {}

  /** Pings, and then the answer as events, or the event of an error: its status can no longer be sent. */
  stream(answer: Promise<CompletionAnswer>, reply: FastifyReply): Readable {
    reply.header('request-id', reply.request.id);
    const events = answer.then(
      ({ result }) => {
        // Its headers are out already; the log and the metrics are not.
        reply.answer = result;
        return EVENTS.write(result.value);
      },
      (error: unknown) => this.#errorEvent(error, reply.request.id),
    );
    return Readable.from(this.#keptAlive(events));
  }

  async *#keptAlive(events: Promise<string>): AsyncGenerator<string, void> {
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
