import { Body, Controller, HttpCode, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { RedisCacheService } from 'nestjs-redis-cache';
import { cacheStatusOf, formatCacheStatus } from 'nestjs-redis-cache/http';
import { parseCompletionBody } from './completion.body.js';
import { CompletionService } from './completion.service.js';

@Controller('v1/completions')
export class CompletionController {
  constructor(
    private readonly completions: CompletionService,
    private readonly cache: RedisCacheService,
  ) {}

  @Post()
  @HttpCode(200)
  async create(@Body() body: unknown, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    const result = await this.completions.complete(parseCompletionBody(body));
    const { completion, usage, cost, model, stopReason } = result.value;
    const cached = result.source !== 'factory';
    reply.header('Cache-Status', formatCacheStatus(cacheStatusOf(result, this.cache.getStatus().writable)));
    if (cached) reply.header('Age', Math.floor(result.ageSeconds ?? 0));
    return {
      completion,
      usage,
      cost: cached ? 0 : cost,
      model,
      stop_reason: stopReason,
      cached,
      cost_saved: cached ? cost : 0,
    };
  }
}
