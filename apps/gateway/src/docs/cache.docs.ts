import { z } from 'zod';
import type { CacheStats } from '../cache/cache.controller.js';
import { SAVINGS_METRICS, type SavingsMetric } from '../savings/savings-table.js';
import { apiSchema } from './api-schemas.js';
import { problems } from './problem-docs.js';
import { jsonAnswer, pathPart, type RouteDocs } from './route-doc.js';
import { CLEARED } from './queue.docs.js';

const EXAMPLE_COUNTS: Record<SavingsMetric, number> = {
  hits: 3,
  misses: 1,
  stale: 0,
  collapsed: 0,
  bypassed: 0,
  tokens_saved: 390,
  cost_saved: 0.0375,
  seconds_saved: 4.2,
  tokens_spent: 130,
  cost_spent: 0.0125,
};
const countsShape = Object.fromEntries(SAVINGS_METRICS.map((metric) => [metric, z.number()])) as Record<
  SavingsMetric,
  z.ZodNumber
>;
const counts = z.object(countsShape);
const stats: z.ZodType<CacheStats> = z.object({
  total: counts,
  tenants: z.array(
    z.object({
      tenant: z.string(),
      total: counts,
      models: z.array(z.object({ model: z.string(), ...countsShape })),
    }),
  ),
  shared: z.boolean().meta({
    description:
      '`false` while Redis is away: the share of other processes is as it was when it was last read',
  }),
});
const STATS = apiSchema('CacheStats', stats);
const INVALIDATED = apiSchema('Invalidated', z.object({ invalidated: z.literal(true) }));

export const cacheDocs: RouteDocs = {
  'GET /v1/cache/stats': {
    tag: 'Cache',
    summary: 'What the cache saved, per tenant and model',
    description:
      'Over all processes and restarts. A key sees its own tenant, that of an administrator all of them. Money in US dollars.',
    responses: {
      200: jsonAnswer('The counts', STATS, {
        stats: {
          total: EXAMPLE_COUNTS,
          tenants: [
            {
              tenant: 'anonymous',
              total: EXAMPLE_COUNTS,
              models: [{ model: 'claude-sonnet-4-5', ...EXAMPLE_COUNTS }],
            },
          ],
          shared: true,
        },
      }),
      ...problems(401, 429),
    },
  },
  'DELETE /v1/cache': {
    tag: 'Cache',
    summary: 'Remove every answer that is kept',
    responses: {
      200: jsonAnswer('Cleared', CLEARED, { cleared: { cleared: true } }),
      ...problems(401, 403, 429, 503),
    },
  },
  'DELETE /v1/cache/tags/{tag}': {
    tag: 'Cache',
    summary: "Invalidate the tenant's answers that carry a tag",
    description: 'Also the results of computations that have begun already.',
    parameters: [pathPart('tag', '1 to 64 letters, digits or `. _ : -`', 'manual')],
    responses: {
      200: jsonAnswer('Invalidated', INVALIDATED, { invalidated: { invalidated: true } }),
      ...problems(400, 401, 403, 429, 503),
    },
  },
};
