import { type CanActivate, type ExecutionContext, Inject, Injectable } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { RedisCacheService } from 'nestjs-redis-cache';
import { demoConfig, type DemoConfig } from '../../config/demo-config.js';
import { ProblemError } from '../../http/problem.js';

const HOUR_MS = 3_600_000;

/**
 * Keeps one tenant from filling the queue that all share: each may queue so many requests within an hour, in
 * all processes together. Without Redis it lets everything pass; nothing can be queued then anyway.
 */
@Injectable()
export class QueueQuotaGuard implements CanActivate {
  constructor(
    private readonly cache: RedisCacheService,
    @Inject(demoConfig.KEY) private readonly config: DemoConfig,
  ) {}

  /** @throws {ProblemError} 429 with the seconds until the hour is over */
  async canActivate(context: ExecutionContext): Promise<true> {
    const { tenant } = context.switchToHttp().getRequest<FastifyRequest>();
    const window = await this.cache.countInWindow(`queued:${tenant.name}`, HOUR_MS);
    if (window !== null && window.count > this.config.QUEUE_QUOTA) throw overQuota(window.resetMs);
    return true;
  }
}

function overQuota(resetMs: number): ProblemError {
  const detail = 'Too many requests were queued in the last hour.';
  return new ProblemError(429, detail, { code: 'ERR_QUEUE_QUOTA' }, Math.max(1, Math.ceil(resetMs / 1_000)));
}
