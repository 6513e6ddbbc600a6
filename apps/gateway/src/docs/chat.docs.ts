import { z } from 'zod';
import { chatBody } from '../chat/chat-body.js';
import type { ChatCompletion } from '../chat/chat-completion.js';
import { chatErrorBody, type ChatError } from '../chat/chat-error.js';
import { ProblemError } from '../http/problem.js';
import { CACHE_HEADERS } from './completion.docs.js';
import { FINAL_HEADERS } from './messages.docs.js';
import {
  apiSchema,
  headerParameter,
  jsonBody,
  jsonResponse,
  RETRY_AFTER,
  type RouteDocs,
  withEvents,
} from './route-doc.js';

const tokens = z.int();
const toolCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string() }),
});
const message = z.object({
  role: z.literal('assistant'),
  content: z.string().nullable(),
  refusal: z.string().nullable(),
  tool_calls: z.array(toolCall).optional(),
});
const choice = z.object({
  index: z.literal(0),
  message,
  logprobs: z.null(),
  finish_reason: z.enum(['stop', 'length', 'tool_calls', 'content_filter']),
});
const completion: z.ZodType<ChatCompletion> = z.object({
  id: z.string().meta({ description: 'New in every response, hits included' }),
  object: z.literal('chat.completion'),
  created: z.int().meta({ description: 'When the answer was computed, in seconds since 1970' }),
  model: z.string(),
  choices: z.array(choice),
  usage: z
    .object({
      prompt_tokens: tokens,
      completion_tokens: tokens,
      total_tokens: tokens,
      prompt_tokens_details: z.object({ cached_tokens: tokens, cache_write_tokens: tokens }),
      completion_tokens_details: z.object({ reasoning_tokens: tokens }).optional(),
    })
    .optional()
    .meta({ description: 'Usage of the original computation, on hits too' }),
});
const error: z.ZodType<ChatError> = z.object({
  error: z.object({
    message: z.string(),
    type: z.string(),
    param: z.string().nullable(),
    code: z.string().nullable(),
  }),
});
const REQUEST = apiSchema('ChatRequest', chatBody);
const COMPLETION = apiSchema('ChatCompletion', completion);
const ERROR = apiSchema('ChatError', error, "An error in OpenAI's form");

const EXAMPLE_REQUEST = {
  model: 'claude-sonnet-5-5',
  messages: [{ role: 'user', content: 'Redis is fast. A cache keeps answers. An answer costs money once.' }],
};
const EXAMPLE: ChatCompletion = {
  id: 'chatcmpl-5f2b1c9d8e7a6b5c4d3e2f1a',
  object: 'chat.completion',
  created: 1_795_876_273,
  model: 'claude-sonnet-5-5',
  choices: [
    {
      index: 0,
      message: { role: 'assistant', content: 'Pay once, answer often.', refusal: null },
      logprobs: null,
      finish_reason: 'stop',
    },
  ],
  usage: {
    prompt_tokens: 24,
    completion_tokens: 9,
    total_tokens: 33,
    prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
  },
};
const CHUNK = {
  id: EXAMPLE.id,
  object: 'chat.completion.chunk',
  created: EXAMPLE.created,
  model: EXAMPLE.model,
  choices: [{ index: 0, delta: { content: 'Pay once' }, logprobs: null, finish_reason: null }],
};

/** The response with an error in OpenAI's form. */
function failure(when: string, problem: ProblemError, headers: Record<string, string> = {}) {
  return jsonResponse(when, ERROR, { error: chatErrorBody(problem, 'req-1') }, headers);
}

const problem = (status: number, detail: string, code: string, field?: string): ProblemError =>
  new ProblemError(status, detail, { code, ...(field !== undefined && { errors: [{ field, detail }] }) });

export const chatDocs: RouteDocs = {
  'POST /v1/chat/completions': {
    tag: 'Chat',
    summary: "Create an answer as OpenAI's chat completions do, from the cache if possible",
    description:
      'For clients of OpenAI, which only need another base URL. The request becomes the one for `POST /v1/messages` with the same meaning, and shares its cache entry. Fields that cannot be honoured are refused by name.',
    parameters: [headerParameter('Cache-Control', 'As for `POST /v1/completions`', 'no-cache')],
    body: jsonBody(REQUEST, { simple: EXAMPLE_REQUEST, stream: { ...EXAMPLE_REQUEST, stream: true } }),
    responses: {
      200: withEvents(
        jsonResponse('The answer', COMPLETION, { completion: EXAMPLE }, CACHE_HEADERS),
        `data: ${JSON.stringify(CHUNK)}\n\ndata: [DONE]\n\n`,
      ),
      400: failure(
        'A field is invalid or cannot be honoured',
        problem(400, 'n: must be 1: a request has one answer', 'ERR_VALIDATION', 'n'),
      ),
      401: failure(
        'The API key is missing or invalid',
        problem(401, 'The API key is not valid.', 'ERR_WRONG_API_KEY'),
      ),
      404: failure(
        'The API does not know the model',
        problem(404, 'model: no-such-model', 'ERR_ANTHROPIC_NOT_FOUND'),
      ),
      413: failure(
        'The body or its texts are too large',
        problem(413, 'The body is larger than the limit.', 'ERR_BODY_TOO_LARGE', 'body'),
      ),
      429: failure(
        'Too many requests from this client, waiting for a worker, or for the API',
        problem(429, 'Too many requests are waiting already.', 'ERR_POOL_SATURATED'),
        RETRY_AFTER,
      ),
      500: failure(
        'The API or the gateway failed',
        problem(500, 'Internal server error', 'ERR_ANTHROPIC_API'),
        FINAL_HEADERS,
      ),
      502: failure(
        'The executor failed, or the API did not respond',
        problem(502, 'the Anthropic API gave no answer', 'ERR_ANTHROPIC_CONNECTION'),
        FINAL_HEADERS,
      ),
      503: failure(
        'The server is shutting down',
        problem(503, 'The server is shutting down.', 'ERR_POOL_CLOSED'),
      ),
      504: failure(
        'The answer took too long, or `only-if-cached` found none',
        problem(504, 'the run took longer than its limit', 'ERR_TASK_TIMEOUT'),
        FINAL_HEADERS,
      ),
      529: failure('The API is overloaded', problem(529, 'Overloaded', 'ERR_ANTHROPIC_OVERLOADED'), {
        ...RETRY_AFTER,
        ...FINAL_HEADERS,
      }),
    },
  },
};
