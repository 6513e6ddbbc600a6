import { z } from 'zod';
import type { CacheStats } from '../cache/cache.controller.js';
import { SAVINGS_METRICS, type SavingsMetric } from '../savings/savings-table.js';
import { CLEARED } from './queue.docs.js';
import {
  apiSchema,
  jsonResponse,
  pathParameter,
  problems,
  type RouteDocs,
  textResponse,
} from './route-doc.js';

const indicators = z.record(z.string(), z.looseObject({ status: z.string() }));
const HEALTH = apiSchema(
  'Health',
  z.object({
    status: z.enum(['ok', 'degraded', 'error', 'shutting_down']),
    info: indicators.optional(),
    error: indicators.optional(),
    details: indicators,
  }),
);
const LIVE = apiSchema('Live', z.object({ status: z.literal('ok') }));

const redis = { status: 'up', backend: 'redis', state: 'serving', breaker: 'closed', writable: true };
const OK = { status: 'ok', info: { redis }, error: {}, details: { redis } };
const away = { ...redis, status: 'degraded', state: 'unavailable', breaker: 'open', writable: false };
const DEGRADED = { status: 'degraded', info: { redis: away }, error: {}, details: { redis: away } };

export const operationsDocs: RouteDocs = {
  'GET /health': {
    tag: 'Operations',
    summary: 'Readiness: whether this process should get traffic',
    description: 'Without Redis it is `degraded` and should still get traffic.',
    isPublic: true,
    responses: {
      200: jsonResponse('Send traffic', HEALTH, { ok: OK, degraded: DEGRADED }),
      503: jsonResponse('Send no traffic', HEALTH, { stopping: { ...OK, status: 'shutting_down' } }),
    },
  },
  'GET /health/live': {
    tag: 'Operations',
    summary: 'Liveness: whether this process works at all',
    isPublic: true,
    responses: { 200: jsonResponse('The process works', LIVE, { ok: { status: 'ok' } }) },
  },
  'GET /v1/events': {
    tag: 'Operations',
    summary: 'Live numbers of this process as Server-Sent Events',
    description:
      'The source of the page at `/`: a `snapshot` event per second, or a heartbeat if nothing has changed.',
    responses: {
      200: textResponse(
        'Events',
        'text/event-stream',
        'event: snapshot\ndata: {"cache":{"backend":"redis"}}\n\n',
      ),
      ...problems(401, 429, 503),
    },
  },
  'GET /metrics': {
    tag: 'Operations',
    summary: 'Metrics for Prometheus',
    description: 'For `admin` and `monitor` keys.',
    responses: {
      200: textResponse('Prometheus text format', 'text/plain', 'redis_cache_misses_total 12\n'),
      ...problems(401, 403, 429),
    },
  },
};

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
      '`false` while Redis is unavailable: the share of other processes is that of the last successful read',
  }),
});
const STATS = apiSchema('CacheStats', stats);
const INVALIDATED = apiSchema('Invalidated', z.object({ invalidated: z.literal(true) }));

export const cacheDocs: RouteDocs = {
  'GET /v1/cache/stats': {
    tag: 'Cache',
    summary: 'Savings of the cache, per tenant and model',
    description:
      'Sums over all processes and restarts, money in US dollars. A key sees its own tenant; `admin` and `monitor` keys see all.',
    responses: {
      200: jsonResponse('The counts', STATS, {
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
    summary: 'Remove all cached completions',
    responses: {
      200: jsonResponse('Cleared', CLEARED, { cleared: { cleared: true } }),
      ...problems(401, 403, 429, 503),
    },
  },
  'DELETE /v1/cache/tags/{tag}': {
    tag: 'Cache',
    summary: "Invalidate the tenant's completions that carry a tag",
    description: 'Results of computations that have already started are invalidated as well.',
    parameters: [pathParameter('tag', '1 to 64 letters, digits or `. _ : -`', 'manual')],
    responses: {
      200: jsonResponse('Invalidated', INVALIDATED, { invalidated: { invalidated: true } }),
      ...problems(400, 401, 403, 429, 503),
    },
  },
};
