import { z } from 'zod';
import { completionBody } from '../completions/completion-body.js';
import type { DeadLetterView } from '../queue/dead-letters.controller.js';
import { EXAMPLE_REQUEST } from './completion.docs.js';
import {
  apiSchema,
  problems,
  jsonResponse,
  jsonBody,
  pathParameter,
  queryParameter,
  type RouteDocs,
} from './route-doc.js';

const QUEUED_REQUEST = apiSchema('QueuedRequest', completionBody);
const QUEUED = apiSchema('Queued', z.object({ queued: z.literal(true) }));
const LENGTH = apiSchema('QueueLength', z.object({ length: z.int() }));
/** Response of the routes that clear something. */
export const CLEARED = apiSchema('Cleared', z.object({ cleared: z.literal(true) }));

const deadLetter: z.ZodType<DeadLetterView> = z.object({
  id: z.string(),
  request: z
    .object({ tenant: z.string(), body: z.looseObject({ prompt: z.string() }) })
    .nullable()
    .meta({ description: 'The queued request; `null` if it is not readable' }),
  deliveries: z.int(),
  reason: z.string(),
  queued_at: z.iso.datetime(),
  died_at: z.iso.datetime(),
});
const DEAD = apiSchema('DeadLetters', z.object({ dead: z.array(deadLetter) }));
const REPLAYED = apiSchema('Replayed', z.object({ replayed: z.literal(true) }));
const EXAMPLE_DEAD: DeadLetterView = {
  id: '1767268800000-0',
  request: { tenant: 'web', body: { prompt: 'Why is the sky blue?' } },
  deliveries: 5,
  reason: 'The executor failed.',
  queued_at: '2026-01-01T12:00:00.000Z',
  died_at: '2026-01-01T12:01:00.000Z',
};

const TENANT = queryParameter(
  'tenant',
  'The tenant whose queue is meant; default: that of the key. Only administrators may name another',
  'web',
);

export const queueDocs: RouteDocs = {
  'POST /v1/queue': {
    tag: 'Queue',
    summary: 'Queue a request, which is computed into the cache later',
    description:
      'Each tenant has its own queue, in which `QUEUE_QUOTA` requests may wait and which may hold `QUEUE_QUOTA_BYTES`. ' +
      'Above that it returns 429 with `Retry-After`, estimated from recent service times.',
    body: jsonBody(QUEUED_REQUEST, { simple: EXAMPLE_REQUEST }),
    responses: {
      202: jsonResponse('Queued', QUEUED, { queued: { queued: true } }),
      ...problems(400, 401, 413, 415, 429, 503),
    },
  },
  'GET /v1/queue': {
    tag: 'Queue',
    summary: 'Number of waiting requests of the tenant',
    parameters: [TENANT],
    responses: {
      200: jsonResponse('The length', LENGTH, { three: { length: 3 } }),
      ...problems(400, 401, 404, 429),
    },
  },
  'DELETE /v1/queue': {
    tag: 'Queue',
    summary: 'Remove all waiting requests of the tenant',
    parameters: [TENANT],
    responses: {
      200: jsonResponse('Cleared', CLEARED, { cleared: { cleared: true } }),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  },
  'GET /v1/queue/dead': {
    tag: 'Queue',
    summary: "The tenant's dead letters, oldest first: requests that failed permanently",
    parameters: [
      TENANT,
      queryParameter('limit', 'Maximum number, 1 to 1,000; default 100', '100'),
      queryParameter('after', 'Start after this `id`, the last one of the previous page', EXAMPLE_DEAD.id),
    ],
    responses: {
      200: jsonResponse('The dead letters', DEAD, { one: { dead: [EXAMPLE_DEAD] } }),
      ...problems(400, 401, 404, 429),
    },
  },
  'POST /v1/queue/dead/{id}/replay': {
    tag: 'Queue',
    summary: 'Queue a dead letter again, as a new request',
    parameters: [pathParameter('id', 'The `id` from the list', EXAMPLE_DEAD.id), TENANT],
    responses: {
      200: jsonResponse('Replayed', REPLAYED, { replayed: { replayed: true } }),
      ...problems(400, 401, 403, 404, 409, 429, 503),
    },
  },
  'DELETE /v1/queue/dead': {
    tag: 'Queue',
    summary: 'Remove all dead letters of the tenant',
    parameters: [TENANT],
    responses: {
      200: jsonResponse('Cleared', CLEARED, { cleared: { cleared: true } }),
      ...problems(400, 401, 403, 404, 429, 503),
    },
  },
};
