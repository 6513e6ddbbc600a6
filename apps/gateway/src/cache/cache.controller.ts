import { Controller, Delete, Get, Param } from '@nestjs/common';
import { RedisCacheService } from 'nestjs-redis-cache';
import { ProblemError } from '../http/problem.js';
import { addSavings, noSavings, type SavingsCounts } from '../savings/savings-table.js';
import { type SavingsReading, SavingsService } from '../savings/savings.service.js';
import { AdminOnly, CurrentTenant, Monitored } from '../tenants/access.decorators.js';
import { scopedTags, TAG_PATTERN } from '../tenants/tenant.js';
import type { Tenant } from '../tenants/tenant.js';

const UNAVAILABLE = { code: 'ERR_REDIS_UNAVAILABLE' };
const NOT_CLEARED = new ProblemError(503, 'The cache was not cleared: Redis is unavailable.', UNAVAILABLE);
const NOT_INVALIDATED = new ProblemError(
  503,
  'Other processes may still serve completions with this tag: Redis is unavailable.',
  UNAVAILABLE,
);

@Controller('v1/cache')
export class CacheController {
  constructor(
    private readonly cache: RedisCacheService,
    private readonly savings: SavingsService,
  ) {}

  /** Returns what the cache has saved so far, per tenant and model. */
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

  /** Invalidates the tenant's completions that carry the tag. */
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

/** The counts of one model. */
export interface ModelStats extends SavingsCounts {
  model: string;
}

/** The counts of one tenant. */
export interface TenantStats {
  tenant: string;
  total: SavingsCounts;
  models: ModelStats[];
}

/** Response of `GET /v1/cache/stats`: sums over all processes and restarts. */
export interface CacheStats {
  total: SavingsCounts;
  tenants: TenantStats[];
  /** `false` while Redis is unavailable: the share of other processes is that of the last successful read. */
  shared: boolean;
}

/** Administrators and monitors see all tenants, others only themselves. */
function cacheStatsFor({ name, admin, monitor }: Tenant, { table, shared }: SavingsReading): CacheStats {
  const tenants = new Map<string, TenantStats>();
  const total = noSavings();
  for (const [tenant, model, counts] of table.entries()) {
    if (!admin && !monitor && tenant !== name) continue;
    const stats = tenants.get(tenant) ?? { tenant, total: noSavings(), models: [] };
    tenants.set(tenant, stats);
    stats.models.push({ model, ...counts });
    addSavings(stats.total, counts);
    addSavings(total, counts);
  }
  return { total, tenants: [...tenants.values()], shared };
}
