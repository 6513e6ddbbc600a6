import { addSavings, noSavings, type SavingsCounts } from '../savings/savings-table.js';
import type { SavingsReading } from '../savings/savings.service.js';
import type { Tenant } from '../tenants/tenant.js';

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

/** Answer of `GET /v1/cache/stats`. Counted since the tally began, over all processes and restarts. */
export interface CacheStats {
  total: SavingsCounts;
  tenants: TenantStats[];
  /** `false` while Redis is away: what other processes counted is as it was when it was last read. */
  shared: boolean;
}

/** What the one who asks may see: administrators and monitors everything, others their own. */
export function cacheStatsFor(
  { name, admin, monitor }: Tenant,
  { table, shared }: SavingsReading,
): CacheStats {
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
