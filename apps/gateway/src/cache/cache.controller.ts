import { Controller, Delete, Get, Param } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { scopedTags, TAG_PATTERN, type Tenant } from '../tenants/tenant.js';
import { ProblemError } from '../http/problem.js';
import { SavingsService } from '../savings/savings.service.js';
import { AdminOnly, CurrentTenant, Monitored } from '../tenants/access.decorators.js';
import { type CacheStats, cacheStatsFor } from './cache-stats.js';

const UNAVAILABLE = { code: 'ERR_REDIS_UNAVAILABLE' };
const NOT_CLEARED = new ProblemError(503, 'The cache was not cleared: Redis is unavailable.', UNAVAILABLE);
const NOT_INVALIDATED = new ProblemError(
  503,
  'Other processes may still serve answers with this tag: Redis is unavailable.',
  UNAVAILABLE,
);

@Controller('v1/cache')
export class CacheController {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly savings: SavingsService,
  ) {}

  /** What the cache saved so far, per tenant and model. */
  @Get('stats')
  @Monitored()
  async stats(@CurrentTenant() tenant: Tenant): Promise<CacheStats> {
    return cacheStatsFor(tenant, await this.savings.read());
  }

  @Delete()
  @AdminOnly()
  async clear(): Promise<{ cleared: true }> {
    if (await this.cache.clearCache()) return { cleared: true };
    throw NOT_CLEARED;
  }

  /** Forgets the tenant's answers that carry the tag. */
  @Delete('tags/:tag')
  @AdminOnly()
  async invalidate(
    @Param('tag') tag: string,
    @CurrentTenant() tenant: Tenant,
  ): Promise<{ invalidated: true }> {
    assertTag(tag);
    if (await this.cache.invalidateTags(...scopedTags(tenant.name, [tag]))) return { invalidated: true };
    throw NOT_INVALIDATED;
  }
}

function assertTag(tag: string): void {
  if (TAG_PATTERN.test(tag)) return;
  const detail = 'must be 1 to 64 letters, digits or ". _ : -"';
  throw new ProblemError(400, `tag: ${detail}`, {
    code: 'ERR_VALIDATION',
    errors: [{ field: 'tag', detail }],
  });
}
