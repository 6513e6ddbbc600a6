import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatCacheStatus } from 'nestjs-redis-cache/http';
import { WorkerPool } from 'nestjs-worker-pool';
import { gatewayConfig, type GatewayConfig } from '../config/gateway-config.js';
import { noteAnswer, JSON_TYPE } from '../http/answer-note.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { KnownRequests } from '../fast-path/known-requests.js';
import { TaskIds } from '../tasks/task-ids.js';
import { retryAfterSeconds, toTaskView } from '../tasks/task-view.js';
import { assertWithinLimits, type CompletionBody, completionBody } from './completion-body.js';
import { AsyncCompletionService } from './background-completions.service.js';
import { type CompletionAnswer, HttpOrder, PREFERENCE_APPLIED, prefersAsync } from './completion-call.js';
import { completionJson } from './completion-response.js';
import { CompletionService } from './completions.service.js';

const UNSATISFIED = formatCacheStatus({ outcome: 'unsatisfied' });

@Controller('v1/completions')
export class CompletionController {
  constructor(
    private readonly completions: CompletionService,
    private readonly background: AsyncCompletionService,
    private readonly pool: WorkerPool,
    private readonly ids: TaskIds,
    private readonly known: KnownRequests,
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
    const order = new HttpOrder(body, request, reply);
    // Stands on the 504; replaced where there is an answer.
    if (order.directives.onlyIfCached) reply.header('Cache-Status', UNSATISFIED);
    if (prefersAsync(request.headers.prefer)) return this.#begin(order, reply);
    const answer = await this.completions.complete(order);
    this.known.learn(request.raw, order.tenant, answer.result.key);
    send(reply, answer);
  }

  async #begin(order: HttpOrder, reply: FastifyReply): Promise<void> {
    const begun = await this.background.begin(order);
    if ('answer' in begun) return send(reply, begun.answer);
    const id = this.ids.seal(order.tenant, begun.taskId);
    const [task, stats] = await Promise.all([this.pool.getTask(begun.taskId), this.pool.stats()]);
    reply.header('Location', `/v1/tasks/${id}`).header('Retry-After', retryAfterSeconds(stats));
    reply.header('Preference-Applied', PREFERENCE_APPLIED);
    void reply.status(202).send(task === null ? { id } : toTaskView(id, task));
  }
}

/** Sends what is JSON already: Nest and Fastify would make it anew for each request. */
function send(reply: FastifyReply, { result, cacheStatus }: CompletionAnswer): void {
  noteAnswer(reply, result);
  reply.header('Cache-Status', formatCacheStatus(cacheStatus));
  if (result.source !== 'factory') reply.header('Age', Math.floor(result.ageSeconds ?? 0));
  void reply.header('Content-Type', JSON_TYPE).send(completionJson(result));
}
