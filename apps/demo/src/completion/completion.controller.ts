import { Body, Controller, HttpCode, Inject, Post, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { formatCacheStatus } from 'nestjs-redis-cache';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { noteAnswer } from '../http/answer-note.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { assertWithinLimits } from './assert-within-limits.js';
import { type CompletionBody, completionBody } from './completion.schema.js';
import type { CompletionAnswer } from './completion-order.js';
import { completionJson } from './completion-response.js';
import { CompletionService } from './completion.service.js';
import { HttpOrder } from './http-order.js';

const UNSATISFIED = formatCacheStatus({ outcome: 'unsatisfied' });
const JSON_TYPE = 'application/json; charset=utf-8';

@Controller('v1/completions')
export class CompletionController {
  constructor(
    private readonly completions: CompletionService,
    @Inject(demoConfig.KEY) private readonly config: DemoConfig,
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
    send(reply, await this.completions.complete(order));
  }
}

/** Sends what is JSON already: Nest and Fastify would make it anew for each request. */
function send(reply: FastifyReply, { result, cacheStatus }: CompletionAnswer): void {
  noteAnswer(reply, result);
  reply.header('Cache-Status', formatCacheStatus(cacheStatus));
  if (result.source !== 'factory') reply.header('Age', Math.floor(result.ageSeconds ?? 0));
  void reply.header('Content-Type', JSON_TYPE).send(completionJson(result));
}
