import { z } from 'zod';
import type { CompletionResponse } from '../completions/completion-response.js';
import { completionBody } from '../completions/completion-body.js';
import { apiSchema } from './api-schemas.js';
import { problems } from './problem-docs.js';
import { EXAMPLE_TASK, TASK } from './tasks.docs.js';
import { header, jsonAnswer, jsonBody, type RouteDocs } from './route-doc.js';

const completion: z.ZodType<CompletionResponse> = z.object({
  completion: z.string(),
  usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }),
  cost: z.number().meta({ description: 'US dollars; 0 when nothing had to be computed for this request' }),
  model: z.string(),
  stop_reason: z.string(),
  cached: z.boolean(),
  cost_saved: z.number().meta({ description: 'US dollars that the answer would have cost' }),
});
const COMPLETION = apiSchema('Completion', completion);
const REQUEST = apiSchema('CompletionRequest', completionBody);

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
/** What tells how an answer was come by. */
export const CACHE_HEADERS = {
  'Cache-Status': 'RFC 9211: `redis-cache; hit; ttl=3412`, `redis-cache; fwd=miss; stored`, `…; collapsed`',
  Age: 'Seconds since the answer was computed; on hits',
  'Server-Timing': 'Where the answer came from (near, redis, collapsed, stale, factory), and milliseconds',
  'X-Request-Id': 'That of the request, or a new one',
};

const PREFER = header('Prefer', '`respond-async`: do not wait; 202 with a task, or 200 with what is stored');
const CACHE_CONTROL = header(
  'Cache-Control',
  '`no-cache`, `no-store`, `max-age=N`, or `only-if-cached`, which answers what is stored or 504',
  'max-age=600',
);

export const completionDocs: RouteDocs = {
  'POST /v1/completions': {
    tag: 'Completions',
    summary: 'Answer a prompt, from the cache if it can',
    description:
      'Requests that mean the same are computed once, in all processes. Failed, refused and cut-off answers are never cached.',
    parameters: [CACHE_CONTROL, PREFER],
    body: jsonBody(REQUEST, {
      simple: EXAMPLE_REQUEST,
      full: { ...EXAMPLE_REQUEST, max_tokens: 200, ttl_seconds: 600, tags: ['manual'] },
    }),
    responses: {
      200: jsonAnswer(
        'The answer',
        COMPLETION,
        { computed: ANSWER, cached: { ...ANSWER, cached: true } },
        CACHE_HEADERS,
      ),
      202: jsonAnswer(
        'The task that computes it, with `Prefer: respond-async`',
        TASK,
        { begun: EXAMPLE_TASK },
        {
          Location: 'Where the task can be asked for',
          'Retry-After': 'Seconds after which to ask for it',
          'Preference-Applied': '`respond-async`',
        },
      ),
      ...problems(400, 401, 413, 415, 429, 502, 503, 504),
    },
  },
};
