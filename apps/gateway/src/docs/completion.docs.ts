import { z } from 'zod';
import { streamableBody } from '../completions/completion-body.js';
import type { CompletionResponse } from '../completions/completion-response.js';
import { serverSentEvent } from '../http/event-stream.js';
import type { TaskView } from '../tasks/task-view.js';
import type { TaskCancelled } from '../tasks/tasks.controller.js';
import {
  apiSchema,
  headerParameter,
  jsonResponse,
  jsonBody,
  pathParameter,
  problems,
  type RouteDocs,
  textResponse,
  withEvents,
} from './route-doc.js';

const task: z.ZodType<TaskView> = z.object({
  id: z.string(),
  status: z.enum(['pending', 'running', 'completed', 'failed', 'timeout', 'killed']),
  submitted_at: z.iso.datetime(),
  started_at: z.iso.datetime().nullable(),
  finished_at: z.iso.datetime().nullable(),
  result: z
    .object({
      completion: z.string(),
      usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }),
      cost: z.number(),
      model: z.string(),
      stop_reason: z.string(),
    })
    .nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
const cancelled: z.ZodType<TaskCancelled> = z.object({
  id: z.string(),
  cancelled: z.boolean().meta({ description: '`false` if the task had already ended' }),
});

export const TASK = apiSchema('Task', task);
const CANCELLED = apiSchema('TaskCancelled', cancelled);
const ID = pathParameter('id', 'The id from the `Location` of a 202', 'b0c1….seal');

export const EXAMPLE_TASK: TaskView = {
  id: '6f1e6f0a-8f5e-4f2c-9a51-0b6c6f0e8a11.q0fJ3qk2Vd8m1yJ0b3o2Zg',
  status: 'pending',
  submitted_at: '2026-01-01T12:00:00.000Z',
  started_at: null,
  finished_at: null,
  result: null,
  error: null,
};
const COMPLETED: TaskView = {
  ...EXAMPLE_TASK,
  status: 'completed',
  started_at: '2026-01-01T12:00:00.010Z',
  finished_at: '2026-01-01T12:00:01.200Z',
  result: {
    completion: 'Redis is fast.',
    usage: { input_tokens: 15, output_tokens: 4 },
    cost: 0,
    model: 'offline-extractive',
    stop_reason: 'end_turn',
  },
};

export const tasksDocs: RouteDocs = {
  'GET /v1/tasks/{id}': {
    tag: 'Tasks',
    summary: 'Current state of a task, and its result',
    parameters: [ID],
    responses: {
      200: jsonResponse(
        'The task',
        TASK,
        { pending: EXAMPLE_TASK, completed: COMPLETED },
        { 'Retry-After': 'Seconds to wait before the next request; until the task has ended' },
      ),
      ...problems(401, 404, 429),
    },
  },
  'DELETE /v1/tasks/{id}': {
    tag: 'Tasks',
    summary: 'Cancel a task',
    description: 'Its waiters get an error that says so.',
    parameters: [ID],
    responses: {
      200: jsonResponse('Whether it was cancelled', CANCELLED, {
        cancelled: { id: EXAMPLE_TASK.id, cancelled: true },
      }),
      ...problems(401, 404, 429),
    },
  },
  'GET /v1/tasks/{id}/events': {
    tag: 'Tasks',
    summary: 'Changes of a task as Server-Sent Events',
    description: 'A `status` event with the task for its current state and for each change, then `end`.',
    parameters: [ID],
    responses: {
      200: textResponse(
        'The events',
        'text/event-stream',
        `event: status\ndata: ${JSON.stringify(COMPLETED)}\n\n`,
      ),
      ...problems(401, 404, 429),
    },
  },
};

const completion: z.ZodType<CompletionResponse> = z.object({
  completion: z.string(),
  usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }),
  cost: z.number().meta({ description: 'US dollars; 0 if nothing was computed for this request' }),
  model: z.string(),
  stop_reason: z.string(),
  cached: z.boolean(),
  cost_saved: z.number().meta({ description: 'US dollars that the completion would have cost' }),
});
const COMPLETION = apiSchema('Completion', completion);
const REQUEST = apiSchema('CompletionRequest', streamableBody);

export const EXAMPLE_REQUEST = {
  prompt: 'Redis is fast. A cache keeps answers. An answer costs money once.',
};
const ANSWER = {
  completion: 'Redis is fast. A cache keeps answers. An answer costs money once.',
  usage: { input_tokens: 15, output_tokens: 15 },
  cost: 0,
  model: 'offline-extractive',
  stop_reason: 'end_turn',
  cached: false,
  cost_saved: 0,
};
/** Headers that say where a completion came from. */
export const CACHE_HEADERS = {
  'Cache-Status': 'RFC 9211: `redis-cache; hit; ttl=3412`, `redis-cache; fwd=miss; stored`, `…; collapsed`',
  Age: 'Seconds since the completion was computed; on hits',
  'Server-Timing':
    'Source of the completion (near, redis, collapsed, stale, factory) and duration in milliseconds',
  'X-Tokens-Saved': 'Tokens that were not spent; on responses that were not computed for their request',
  'X-Cost-Saved': 'US dollars that were not spent; likewise',
  'X-Request-Id': 'The id from the request, or a new one',
};

const PREFER = headerParameter(
  'Prefer',
  '`respond-async`: do not wait; returns 202 with a task, or 200 with a cached completion',
);
const ACCEPT = headerParameter(
  'Accept',
  '`text/event-stream` without `application/json`: as `stream: true`, unless the body contains `stream`',
);
const CACHE_CONTROL = headerParameter(
  'Cache-Control',
  '`no-cache`, `no-store`, `max-age=N`, or `only-if-cached`, which returns a cached completion or 504',
  'max-age=600',
);

export const completionDocs: RouteDocs = {
  'POST /v1/completions': {
    tag: 'Completions',
    summary: 'Complete a prompt, from the cache if possible',
    description:
      'Equivalent requests are computed once over all processes. Failed, refused and truncated completions are never ' +
      'cached. With `stream: true` the completion is sent while it is computed: `delta` events with the next part of ' +
      'the `text`, then `completion` with the body of the JSON response. A failure after the first event is an ' +
      '`error` event with problem details.',
    parameters: [CACHE_CONTROL, PREFER, ACCEPT],
    body: jsonBody(REQUEST, {
      simple: EXAMPLE_REQUEST,
      full: { ...EXAMPLE_REQUEST, max_tokens: 200, ttl_seconds: 600, tags: ['manual'] },
      stream: { ...EXAMPLE_REQUEST, stream: true },
    }),
    responses: {
      200: withEvents(
        jsonResponse(
          'The completion',
          COMPLETION,
          { computed: ANSWER, cached: { ...ANSWER, cached: true } },
          CACHE_HEADERS,
        ),
        serverSentEvent('delta', { text: 'Redis is fast. ' }) + serverSentEvent('completion', ANSWER),
      ),
      202: jsonResponse(
        'The task that computes the completion, with `Prefer: respond-async`',
        TASK,
        { begun: EXAMPLE_TASK },
        {
          Location: 'URL of the task',
          'Retry-After': 'Seconds to wait before fetching the task',
          'Preference-Applied': '`respond-async`',
        },
      ),
      ...problems(400, 401, 413, 415, 429, 502, 503, 504),
    },
  },
};
