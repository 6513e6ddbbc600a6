import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { WorkerPool } from 'nestjs-worker-pool';
import { CompletionStreams } from '../completions/completion-streams.js';
import { CompletionsService } from '../completions/completions.service.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { JSON_TYPE, sendAnswer } from '../http/answer.js';
import { jsonBody } from '../http/json-response.js';
import { WithErrorShape } from '../http/route-config.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { assertTextFits } from '../messages/messages-request.js';
import { chatBody, type ChatBody } from './chat-body.js';
import { ChatCall } from './chat-call.js';
import { toChatCompletion } from './chat-completion.js';
import { chatErrorShape } from './chat-error.js';
import { refuseField } from './refuse-field.js';
import { ChatStreamFormat } from './chat-stream-format.js';

/** Executors on whose answers a system prompt has no influence. */
const WITHOUT_INSTRUCTIONS: ReadonlySet<string> = new Set(['offline']);

const UNSATISFIED = formatCacheStatus({ outcome: 'unsatisfied' });

/** OpenAI's chat completions, translated into messages and back. */
@Controller('v1/chat/completions')
export class ChatController {
  constructor(
    private readonly completions: CompletionsService,
    private readonly streams: CompletionStreams,
    private readonly pool: WorkerPool,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(200)
  @WithErrorShape(chatErrorShape)
  async create(
    @Body(new ZodBody(chatBody)) body: ChatBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    if (body.response_format?.type === 'json_object') assertReadsInstructions(this.pool.executorName);
    const call = new ChatCall(body, request, reply);
    assertTextFits(call.request, this.config.MAX_PROMPT_BYTES);
    // For the 504; overwritten when there is an answer.
    if (!call.policy.allowsComputing) reply.header('Cache-Status', UNSATISFIED);
    await call.named(() => this.#answer(call, reply));
  }

  async #answer(call: ChatCall, reply: FastifyReply): Promise<void> {
    const { stream, stream_options: options } = call.body;
    if (stream) {
      const format = new ChatStreamFormat(options?.include_usage ?? false);
      return void (await this.streams.send(call, reply, format));
    }
    const answer = await this.completions.complete(call);
    sendAnswer(reply, answer, JSON_TYPE, jsonBody(toChatCompletion(answer.result)));
  }
}

/** Throws unless the executor can be told to respond with JSON. */
function assertReadsInstructions(executor: string): void {
  if (WITHOUT_INSTRUCTIONS.has(executor)) {
    refuseField('response_format', `json_object is not supported by the ${executor} executor`);
  }
}
