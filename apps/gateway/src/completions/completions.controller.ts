import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { type Completion, WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { JSON_TYPE, sendAnswer } from '../http/answer.js';
import { BodyBudget } from '../limits/body-budget.js';
import { jsonBody } from '../http/json-response.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { TaskIds } from '../tasks/task-ids.js';
import { retryAfterSeconds, toTaskView } from '../tasks/task-view.js';
import { BackgroundCompletionsService } from './background-completions.service.js';
import { assertWithinLimits, type StreamableBody, streamableBody } from './completion-body.js';
import {
  type CompletionAnswer,
  HttpCompletionCall,
  prefersAsync,
  RESPOND_ASYNC,
  wantsEvents,
} from './completion-call.js';
import { completionJson, toResponse } from './completion-response.js';
import { COMPLETION_STREAM, storedEvents } from './completion-stream-format.js';
import { CompletionStreams } from './completion-streams.js';
import { CompletionsService } from './completions.service.js';
import { HitCache } from './hit-cache.js';

const UNSATISFIED = formatCacheStatus({ outcome: 'unsatisfied' });

@Controller('v1/completions')
export class CompletionsController {
  constructor(
    private readonly completions: CompletionsService,
    private readonly streams: CompletionStreams,
    private readonly background: BackgroundCompletionsService,
    private readonly pool: WorkerPool,
    private readonly ids: TaskIds,
    private readonly hits: HitCache,
    private readonly budget: BodyBudget,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(200)
  async create(
    @Body(new ZodBody(streamableBody)) body: StreamableBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    assertWithinLimits(body, this.config);
    const call = new HttpCompletionCall(body, request, reply);
    // For the 504; overwritten when there is an answer.
    if (!call.policy.allowsComputing) reply.header('Cache-Status', UNSATISFIED);
    if (prefersAsync(request.headers.prefer)) return this.#begin(call, reply);
    if (wantsEvents(body, request.headers.accept)) return this.#stream(call, body, reply);
    const answer = await this.completions.complete(call);
    this.hits.learn(request.raw, { key: answer.result.key, isStreamed: false, render: hitJson });
    send(reply, answer);
  }

  async #stream(call: HttpCompletionCall, { stream }: StreamableBody, reply: FastifyReply): Promise<void> {
    const key = await this.streams.send(call, reply, COMPLETION_STREAM);
    // A body that does not ask for events gets JSON without the `Accept` header.
    if (key === null || !stream) return;
    this.hits.learn(reply.request.raw, { key, isStreamed: true, render: hitEvents });
  }

  async #begin(call: HttpCompletionCall, reply: FastifyReply): Promise<void> {
    const begun = await this.background.begin(call);
    if ('answer' in begun) return send(reply, begun.answer);
    this.budget.holdUntil(reply.request.raw, begun.ended);
    const id = this.ids.seal(call.tenant, begun.taskId);
    const [task, stats] = await Promise.all([this.pool.getTask(begun.taskId), this.pool.stats()]);
    reply.header('Location', `/v1/tasks/${id}`).header('Retry-After', retryAfterSeconds(stats));
    reply.header('Preference-Applied', RESPOND_ASYNC);
    void reply.status(202).send(task === null ? { id } : toTaskView(id, task));
  }
}

const asHit = (value: Completion) => ({ value, source: 'redis', status: 'hit' }) as const;
const hitJson = (value: Completion): string[] => [completionJson(asHit(value))];
const hitEvents = (value: Completion): string[] => [storedEvents(asHit(value))];

function send(reply: FastifyReply, answer: CompletionAnswer): void {
  sendAnswer(reply, answer, JSON_TYPE, jsonBody(toResponse(answer.result)));
}
