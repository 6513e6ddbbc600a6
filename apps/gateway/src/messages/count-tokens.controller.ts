import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Executor } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { clientGoneSignal } from '../http/client-gone.js';
import { WithErrorShape } from '../http/error-shape.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { assertHonoured, assertTextFits } from './assert-honoured.js';
import { countFailure } from './count-failure.js';
import { messagesErrorShape } from './messages-error.js';
import { type CountTokensBody, countTokensBody } from './messages.schema.js';
import { toRequest } from './to-request.js';

/** Answer of `POST /v1/messages/count_tokens`. */
export interface TokenCount {
  input_tokens: number;
}

/** How long a request for an answer would be, without one. Costs nothing, so nothing is cached or queued. */
@Controller('v1/messages/count_tokens')
export class CountTokensController {
  constructor(
    private readonly executor: Executor,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(200)
  @WithErrorShape(messagesErrorShape)
  async count(
    @Body(new ZodBody(countTokensBody)) body: CountTokensBody,
    @Req() { headers, id }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenCount> {
    assertHonoured(headers);
    const request = toRequest(body);
    assertTextFits(request, this.config.MAX_PROMPT_BYTES);
    reply.header('request-id', id);
    const late = AbortSignal.timeout(this.config.TASK_TIMEOUT_MS);
    const signal = AbortSignal.any([clientGoneSignal(reply), late]);
    try {
      return { input_tokens: await this.executor.countTokens(request, signal) };
    } catch (error) {
      throw countFailure(error, late);
    }
  }
}
