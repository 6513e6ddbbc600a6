import { z } from 'zod';
import { apiSchema } from './api-schemas.js';
import { problems } from './problem-docs.js';
import { jsonAnswer, type RouteDocs, textAnswer } from './route-doc.js';

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
    description: 'Without Redis it is `degraded`, and still should: answers go on.',
    isPublic: true,
    responses: {
      200: jsonAnswer('Send traffic', HEALTH, { ok: OK, degraded: DEGRADED }),
      503: jsonAnswer('Send none', HEALTH, { stopping: { ...OK, status: 'shutting_down' } }),
    },
  },
  'GET /health/live': {
    tag: 'Operations',
    summary: 'Liveness: whether this process works at all',
    isPublic: true,
    responses: { 200: jsonAnswer('It does', LIVE, { ok: { status: 'ok' } }) },
  },
  'GET /v1/events': {
    tag: 'Operations',
    summary: 'Live numbers of this process, as Server-Sent Events',
    description:
      'What the page at `/` listens to: a `snapshot` a second, or a heartbeat where nothing has changed.',
    responses: {
      200: textAnswer(
        'Events',
        'text/event-stream',
        'event: snapshot\ndata: {"cache":{"backend":"redis"}}\n\n',
      ),
      ...problems(401, 429, 503),
    },
  },
  'GET /metrics': {
    tag: 'Operations',
    summary: 'Numbers for Prometheus',
    description: 'For administrators and monitors.',
    responses: {
      200: textAnswer('Prometheus text format', 'text/plain', 'redis_cache_misses_total 12\n'),
      ...problems(401, 403, 429),
    },
  },
};
