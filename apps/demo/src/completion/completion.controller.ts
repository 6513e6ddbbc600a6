import { Body, Controller, HttpCode, Inject, Post, Res } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { type CacheResult, cacheStatusOf, formatCacheStatus, RedisCacheService } from 'nestjs-redis-cache';
import type { Completion } from 'nestjs-worker-pool';
import { demoConfig, type DemoConfig } from '../config/demo-config.js';
import { noteAnswer } from '../http/answer-note.js';
import { ZodBody } from '../http/zod-body.pipe.js';
import { CurrentTenant } from '../security/access.decorators.js';
import type { Tenant } from '../security/tenant.js';
import { assertPromptFits } from './assert-prompt-fits.js';
import { type CompletionBody, completionBody, toCompletionRequest } from './completion.schema.js';
import { CompletionService } from './completion.service.js';

/** Answer of `POST /v1/completions`. Costs are in US dollars. */
export interface CompletionResponse {
  completion: string;
  usage: { input_tokens: number; output_tokens: number };
  /** What this answer cost: nothing when it came from the cache, or from a request like this one. */
  cost: number;
  model: string;
  stop_reason: string;
  cached: boolean;
  /** What it would have cost without the cache. */
  cost_saved: number;
}

@Controller('v1/completions')
export class CompletionController {
  constructor(
    private readonly completions: CompletionService,
    private readonly cache: RedisCacheService,
    @Inject(demoConfig.KEY) private readonly config: DemoConfig,
  ) {}

  @Post()
  @HttpCode(200)
  async create(
    @Body(new ZodBody(completionBody)) body: CompletionBody,
    @CurrentTenant() tenant: Tenant,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<CompletionResponse> {
    assertPromptFits(body.prompt, this.config.MAX_PROMPT_BYTES);
    const result = await this.completions.complete(tenant.name, toCompletionRequest(body), body.ttl_seconds);
    noteAnswer(reply, result);
    const cacheStatus = cacheStatusOf(result, this.cache.getStatus().writable);
    reply.header('Cache-Status', formatCacheStatus(cacheStatus));
    if (result.source !== 'factory') reply.header('Age', Math.floor(result.ageSeconds ?? 0));
    return toResponse(result);
  }
}

function toResponse({ value, status, source }: CacheResult<Completion>): CompletionResponse {
  const isFree = source !== 'factory' || status === 'collapsed';
  return {
    completion: value.completion,
    usage: value.usage,
    cost: isFree ? 0 : value.cost,
    model: value.model,
    stop_reason: value.stopReason,
    cached: source !== 'factory',
    cost_saved: isFree ? value.cost : 0,
  };
}
