import { Body, Controller, HttpCode, Inject, Logger, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { CannotCountTokensError, type Completion, Executor, ExecutorError } from 'nestjs-worker-pool';
import { CompletionStreams } from '../completions/completion-streams.js';
import { CompletionsService } from '../completions/completions.service.js';
import { TaskFailedError } from '../completions/errors.js';
import { HitCache } from '../completions/hit-cache.js';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { JSON_TYPE, sendAnswer } from '../http/answer.js';
import { clientGoneSignal } from '../http/client-gone.js';
import { ProblemError } from '../http/problem.js';
import { WithErrorShape } from '../http/route-config.js';
import { failureText } from '../util/failure-text.js';
import { MESSAGE_STREAM } from './message-stream-format.js';
import { EVENTS, JSON_BODY, messageBody, type MessageWriter } from './message-writer.js';
import { messagesErrorShape } from './messages-error.js';
import {
  assertTextFits,
  countTokensBody,
  type CountTokensBody,
  messagesBody,
  type MessagesBody,
  MessagesCall,
  toRequest,
  UnchangedBody,
} from './messages-request.js';

const UNSATISFIED = formatCacheStatus({ outcome: 'unsatisfied' });

/** The Messages API. Its clients only need another base URL. */
@Controller('v1/messages')
export class MessagesController {
  constructor(
    private readonly completions: CompletionsService,
    private readonly streams: CompletionStreams,
    private readonly hits: HitCache,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(200)
  @WithErrorShape(messagesErrorShape)
  async create(
    @Body(new UnchangedBody(messagesBody)) body: MessagesBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const call = new MessagesCall(body, request, reply);
    assertTextFits(call.request, this.config.MAX_PROMPT_BYTES);
    // For the 504; overwritten when there is a message.
    if (!call.policy.allowsComputing) reply.header('Cache-Status', UNSATISFIED);
    // Replaced by the API's id when it is asked.
    reply.header('request-id', request.id);
    if (body.stream) return this.#stream(call, reply);
    const answer = await this.completions.complete(call);
    this.#learn(call, request, answer.result.key, JSON_BODY);
    sendAnswer(reply, answer, JSON_TYPE, messageBody(answer.result.value));
  }

  async #stream(call: MessagesCall, reply: FastifyReply): Promise<void> {
    const key = await this.streams.send(call, reply, MESSAGE_STREAM);
    if (key !== null) this.#learn(call, reply.request, key, EVENTS);
  }

  #learn({ policy }: MessagesCall, { raw }: FastifyRequest, key: string, writer: MessageWriter): void {
    if (policy.action === 'bypass') return;
    const render = (value: Completion): readonly string[] => writer.texts(value);
    this.hits.learn(raw, { key, isStreamed: writer === EVENTS, render });
  }
}

/** Response of `POST /v1/messages/count_tokens`. */
export interface TokenCount {
  input_tokens: number;
}

/** Counts the tokens of a request without running it. Counting is free, so nothing is cached or queued. */
@Controller('v1/messages/count_tokens')
export class CountTokensController {
  readonly #logger = new Logger(CountTokensController.name);

  constructor(
    private readonly executor: Executor,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(200)
  @WithErrorShape(messagesErrorShape)
  async count(
    @Body(new UnchangedBody(countTokensBody)) body: CountTokensBody,
    @Req() { headers, id }: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<TokenCount> {
    const request = toRequest(body, headers);
    assertTextFits(request, this.config.MAX_PROMPT_BYTES);
    reply.header('request-id', id);
    const timeout = AbortSignal.timeout(this.config.TASK_TIMEOUT_MS);
    const signal = AbortSignal.any([clientGoneSignal(reply), timeout]);
    try {
      return { input_tokens: await this.executor.countTokens(request, signal) };
    } catch (error) {
      throw this.#failure(error, timeout, id);
    }
  }

  /** Converts a failure of counting to an HTTP error. Errors that are known elsewhere are returned unchanged. */
  #failure(error: unknown, timeout: AbortSignal, requestId: string): unknown {
    if (error instanceof CannotCountTokensError) {
      return new ProblemError(404, `This gateway has no count_tokens: ${error.message}.`, {
        code: error.code,
      });
    }
    if (timeout.aborted && error === timeout.reason) {
      return new ProblemError(504, 'Counting took too long.', { code: 'ERR_TASK_TIMEOUT' });
    }
    if (!(error instanceof ExecutorError)) return error;
    this.#logger.warn(`Request ${requestId}: counting tokens failed: ${failureText(error)}`);
    return TaskFailedError.of(error);
  }
}
