import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatCacheStatus } from 'nestjs-redis-cache';
import type { CompletionAnswer } from '../completion/completion-order.js';
import { CompletionService } from '../completion/completion.service.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { noteAnswer } from '../http/answer-note.js';
import { WithErrorShape } from '../http/error-shape.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { assertHonoured, assertTextFits } from './assert-honoured.js';
import { EVENTS, JSON_BODY } from './message-formats.js';
import type { MessageWriter } from './message-writer.js';
import { messagesErrorShape } from './messages-error.js';
import { MessagesOrder } from './messages-order.js';
import { type MessagesBody, messagesBody } from './messages.schema.js';
import { LateAnswers } from './late-answers.js';
import { LATE, within } from './within.js';

const UNSATISFIED = formatCacheStatus({ outcome: 'unsatisfied' });
const JSON_TYPE = 'application/json; charset=utf-8';
const EVENTS_TYPE = 'text/event-stream; charset=utf-8';

/** The Messages API, for clients that speak it already: of them only the base URL has to be changed. */
@Controller('v1/messages')
export class MessagesController {
  constructor(
    private readonly completions: CompletionService,
    private readonly lateAnswers: LateAnswers,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(200)
  @WithErrorShape(messagesErrorShape)
  async create(
    @Body(new ZodBody(messagesBody)) body: MessagesBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    assertHonoured(request.headers);
    const order = new MessagesOrder(body, request, reply);
    assertTextFits(order.request, this.config.MAX_PROMPT_BYTES);
    // Stands on the 504; replaced where there is an answer.
    if (order.directives.onlyIfCached) reply.header('Cache-Status', UNSATISFIED);
    const answer = this.completions.complete(order);
    if (body.stream) await this.#stream(answer, reply);
    else send(reply, await answer, JSON_TYPE, JSON_BODY);
  }

  /** The answer as events, at once when it is there soon; errors that come so soon keep their status. */
  async #stream(answer: Promise<CompletionAnswer>, reply: FastifyReply): Promise<void> {
    reply.header('X-Accel-Buffering', 'no');
    const soon = await within(answer, this.config.MESSAGES_PING_MS);
    if (soon === LATE)
      void reply.header('Content-Type', EVENTS_TYPE).send(this.lateAnswers.stream(answer, reply));
    else send(reply, soon, EVENTS_TYPE, EVENTS);
  }
}

function send(
  reply: FastifyReply,
  { result, cacheStatus }: CompletionAnswer,
  type: string,
  writer: MessageWriter,
): void {
  noteAnswer(reply, result);
  reply.header('Cache-Status', formatCacheStatus(cacheStatus));
  if (result.source !== 'factory') reply.header('Age', Math.floor(result.ageSeconds ?? 0));
  void reply
    .header('request-id', reply.request.id)
    .header('Content-Type', type)
    .send(writer.write(result.value));
}
