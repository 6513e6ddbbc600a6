import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { JSON_TYPE, sendAnswer } from '../http/answer.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { TaskIds } from '../tasks/task-ids.js';
import { retryAfterSeconds, toTaskView } from '../tasks/task-view.js';
import { BackgroundCompletionsService } from './background-completions.service.js';
import { assertWithinLimits, type CompletionBody, completionBody } from './completion-body.js';
import { type CompletionAnswer, HttpCompletionCall, prefersAsync, RESPOND_ASYNC } from './completion-call.js';
import { completionJson } from './completion-response.js';
import { CompletionsService } from './completions.service.js';
import { HitCache } from './hit-cache.js';

const UNSATISFIED = formatCacheStatus({ outcome: 'unsatisfied' });

@Controller('v1/completions')
export class CompletionsController {
  constructor(
    private readonly completions: CompletionsService,
    private readonly background: BackgroundCompletionsService,
    private readonly pool: WorkerPool,
    private readonly ids: TaskIds,
    private readonly hits: HitCache,
    @Inject(gatewayConfig.KEY) private readonly config: GatewayConfig,
  ) {}

  @Post()
  @HttpCode(200)
  async create(
    @Body(new ZodBody(completionBody)) body: CompletionBody,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    assertWithinLimits(body, this.config);
    const call = new HttpCompletionCall(body, request, reply);
    // For the 504; overwritten when there is an answer.
    if (!call.policy.allowsComputing) reply.header('Cache-Status', UNSATISFIED);
    if (prefersAsync(request.headers.prefer)) return this.#begin(call, reply);
    const answer = await this.completions.complete(call);
    this.hits.learn(request.raw, call.tenant, answer.result.key);
    send(reply, answer);
  }

  async #begin(call: HttpCompletionCall, reply: FastifyReply): Promise<void> {
    const begun = await this.background.begin(call);
    if ('answer' in begun) return send(reply, begun.answer);
    const id = this.ids.seal(call.tenant, begun.taskId);
    const [task, stats] = await Promise.all([this.pool.getTask(begun.taskId), this.pool.stats()]);
    reply.header('Location', `/v1/tasks/${id}`).header('Retry-After', retryAfterSeconds(stats));
    reply.header('Preference-Applied', RESPOND_ASYNC);
    void reply.status(202).send(task === null ? { id } : toTaskView(id, task));
  }
}

function send(reply: FastifyReply, answer: CompletionAnswer): void {
  sendAnswer(reply, answer, JSON_TYPE, completionJson(answer.result));
}
