import { z } from 'zod';
import type { DeadLetterView } from '../queue/dead-letters.controller.js';
import { apiSchema } from './api-schemas.js';
import { problems } from './problem-docs.js';
import { jsonAnswer, jsonBody, pathPart, queryPart, type RouteDocs } from './route-doc.js';
import { EXAMPLE_REQUEST } from './completion.docs.js';

const QUEUED = apiSchema('Queued', z.object({ queued: z.literal(true) }));
const LENGTH = apiSchema('QueueLength', z.object({ length: z.int() }));
/** Answer to whatever clears. */
export const CLEARED = apiSchema('Cleared', z.object({ cleared: z.literal(true) }));

const deadRequest: z.ZodType<DeadLetterView> = z.object({
  id: z.string(),
  request: z
    .object({ tenant: z.string(), body: z.looseObject({ prompt: z.string() }) })
    .nullable()
    .meta({ description: 'What was queued; `null` when it is not readable' }),
  deliveries: z.int(),
  reason: z.string(),
  queued_at: z.iso.datetime(),
  died_at: z.iso.datetime(),
});
const DEAD = apiSchema('DeadRequests', z.object({ dead: z.array(deadRequest) }));
const REPLAYED = apiSchema('Replayed', z.object({ replayed: z.literal(true) }));
const EXAMPLE_DEAD: DeadLetterView = {
  id: '1767268800000-0',
  request: { tenant: 'web', body: { prompt: 'Why is the sky blue?' } },
  deliveries: 5,
  reason: 'The executor failed.',
  queued_at: '2026-01-01T12:00:00.000Z',
  died_at: '2026-01-01T12:01:00.000Z',
};

const WHOSE = queryPart(
  'tenant',
  'Whose queue, by name; default: that of the key. Any but that is for administrators',
  'web',
);

export const queueDocs: RouteDocs = {
  'POST /v1/queue': {
    tag: 'Queue',
    summary: 'Queue a request to be computed into the cache',
    description:
      'Each tenant has a queue of its own, in which `QUEUE_QUOTA` requests may wait: above that 429, with ' +
      '`Retry-After` estimated from recent service times.',
    body: jsonBody({ $ref: '#/components/schemas/CompletionRequest' }, { simple: EXAMPLE_REQUEST }),
    responses: {
      202: jsonAnswer('Queued', QUEUED, { queued: { queued: true } }),
      ...problems(400, 401, 413, 415, 429, 503),
    },
  },
  'GET /v1/queue': {
    tag: 'Queue',
    summary: 'How many requests of the tenant wait',
    parameters: [WHOSE],
    responses: {
      200: jsonAnswer('The length', LENGTH, { three: { length: 3 } }),
      ...problems(400, 401, 404, 429),
    },
  },
  'DELETE /v1/queue': {
    tag: 'Queue',
    summary: 'Remove every request of the tenant that waits',
    parameters: [WHOSE],
    responses: {
      200: jsonAnswer('Cleared', CLEARED, { cleared: { cleared: true } }),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  },
  'GET /v1/queue/dead': {
    tag: 'Queue',
    summary: 'Requests of the tenant that failed for good, the oldest first',
    parameters: [
      WHOSE,
      queryPart('limit', 'At most so many, 1 to 1,000; default 100', '100'),
      queryPart('after', 'Begin behind this one: the last `id` of the page before', EXAMPLE_DEAD.id),
    ],
    responses: {
      200: jsonAnswer('The dead requests', DEAD, { one: { dead: [EXAMPLE_DEAD] } }),
      ...problems(400, 401, 404, 429),
    },
  },
  'POST /v1/queue/dead/{id}/replay': {
    tag: 'Queue',
    summary: 'Queue a dead request again, as a new one',
    parameters: [pathPart('id', 'As in the list', EXAMPLE_DEAD.id), WHOSE],
    responses: {
      200: jsonAnswer('Replayed', REPLAYED, { replayed: { replayed: true } }),
      ...problems(400, 401, 403, 404, 409, 429, 503),
    },
  },
  'DELETE /v1/queue/dead': {
    tag: 'Queue',
    summary: 'Remove every dead request of the tenant',
    parameters: [WHOSE],
    responses: {
      200: jsonAnswer('Cleared', CLEARED, { cleared: { cleared: true } }),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  },
};
