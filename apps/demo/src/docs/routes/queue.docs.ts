import { z } from 'zod';
import { apiSchema } from '../api-schemas.js';
import { problems } from '../problem-docs.js';
import { jsonAnswer, jsonBody, type RouteDocs } from '../route-doc.js';
import { EXAMPLE_REQUEST } from './completion.docs.js';

const QUEUED = apiSchema('Queued', z.object({ queued: z.literal(true) }));
const LENGTH = apiSchema('QueueLength', z.object({ length: z.int() }));
/** Answer to whatever clears. */
export const CLEARED = apiSchema('Cleared', z.object({ cleared: z.literal(true) }));

export const queueDocs: RouteDocs = {
  'POST /v1/queue': {
    tag: 'Queue',
    summary: 'Queue a request to be computed into the cache',
    body: jsonBody({ $ref: '#/components/schemas/CompletionRequest' }, { simple: EXAMPLE_REQUEST }),
    responses: {
      202: jsonAnswer('Queued', QUEUED, { queued: { queued: true } }),
      ...problems(400, 401, 413, 415, 429, 503),
    },
  },
  'GET /v1/queue': {
    tag: 'Queue',
    summary: 'How many requests wait',
    responses: { 200: jsonAnswer('The length', LENGTH, { three: { length: 3 } }), ...problems(401, 429) },
  },
  'DELETE /v1/queue': {
    tag: 'Queue',
    summary: 'Remove every request that waits',
    responses: {
      200: jsonAnswer('Cleared', CLEARED, { cleared: { cleared: true } }),
      ...problems(401, 403, 429, 503),
    },
  },
};
