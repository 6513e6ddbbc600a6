import { z } from 'zod';
import { sse } from '../messages/message-writer.js';
import { messagesError } from '../messages/messages-error.js';
import { countTokensBody, messagesBody } from '../messages/messages-request.js';
import type { TokenCount } from '../messages/messages.controller.js';
import { CACHE_HEADERS } from './completion.docs.js';
import {
  apiSchema,
  headerParameter,
  jsonBody,
  jsonResponse,
  RETRY_AFTER,
  type RouteDocs,
  withEvents,
} from './route-doc.js';

const block = z.looseObject({ type: z.string(), text: z.string().optional() });
const tokens = z.int();
const message = z.looseObject({
  id: z.string().meta({ description: 'New in every response, hits included' }),
  type: z.literal('message'),
  role: z.literal('assistant'),
  model: z.string(),
  content: z.array(block),
  stop_reason: z.string(),
  stop_sequence: z.string().nullable(),
  stop_details: z.looseObject({ type: z.string() }).nullish(),
  usage: z
    .looseObject({
      input_tokens: tokens,
      output_tokens: tokens,
      cache_creation_input_tokens: tokens.nullish(),
      cache_read_input_tokens: tokens.nullish(),
    })
    .meta({ description: 'Usage of the original computation, on hits too' }),
});
const error = z.object({
  type: z.literal('error'),
  error: z.object({ type: z.string(), message: z.string() }),
  request_id: z.string(),
});
const REQUEST = apiSchema('MessagesRequest', messagesBody);
const COUNT_REQUEST = apiSchema('CountTokensRequest', countTokensBody);
const count: z.ZodType<TokenCount> = z.object({ input_tokens: tokens });
const COUNT = apiSchema('TokenCount', count);
const MESSAGE = apiSchema('Message', message);
const ERROR = apiSchema('MessagesError', error, 'An error in the form of the Messages API');

const EXAMPLE_REQUEST = {
  model: 'claude-sonnet-5-5',
  max_tokens: 1024,
  messages: [{ role: 'user', content: 'Redis is fast. A cache keeps answers. An answer costs money once.' }],
};
const { max_tokens: _, ...EXAMPLE_COUNT_REQUEST } = EXAMPLE_REQUEST;
const EXAMPLE = {
  id: 'msg_5f2b1c9d8e7a6b5c4d3e2f1a',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-5-5',
  content: [{ type: 'text', text: 'Pay once, answer often.' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 24, output_tokens: 9 },
};

const HEADERS = {
  'request-id': 'Id of the request at the API if it was asked, otherwise here; also in the body of an error',
};
/** Headers of a response after which a client must not retry. */
export const FINAL_HEADERS = {
  'x-should-retry': '`false`: the message may have been paid for, or the gateway has retried already',
};

/** The response with an error in the form of the Messages API. */
export const failure = (status: number, when: string, detail: string, headers: Record<string, string> = {}) =>
  jsonResponse(when, ERROR, { error: messagesError(status, detail, 'req-1') }, { ...HEADERS, ...headers });

export const messagesDocs: RouteDocs = {
  'POST /v1/messages': {
    tag: 'Messages',
    summary: 'Create a message as the Messages API does, from the cache if possible',
    description:
      'For the official SDKs, which only need another base URL. With `stream: true` the events of the API are sent while the message is computed, also to equal requests in other processes. With the `anthropic` executor every field and beta reaches the API as it came; other executors refuse by name what they cannot honour.',
    parameters: [
      headerParameter('anthropic-version', 'Version of the API', '2026-10-21'),
      headerParameter('anthropic-beta', 'Features of the API, comma-separated', 'context-1m-2025-08-07'),
      headerParameter('Cache-Control', 'As for `POST /v1/completions`', 'no-cache'),
    ],
    body: jsonBody(REQUEST, { simple: EXAMPLE_REQUEST, stream: { ...EXAMPLE_REQUEST, stream: true } }),
    responses: {
      200: withEvents(
        jsonResponse('The message', MESSAGE, { message: EXAMPLE }, { ...CACHE_HEADERS, ...HEADERS }),
        sse({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Pay once' } }),
      ),
      400: failure(
        400,
        'A field or a header is invalid or cannot be honoured',
        'temperature must be a number from 0 to 1',
      ),
      401: failure(401, 'The API key is missing or invalid', 'The API key is not valid.'),
      404: failure(404, 'The API does not know the model', 'model: no-such-model'),
      413: failure(413, 'The body or its texts are too large', 'The body is larger than the limit.'),
      429: failure(
        429,
        'Too many requests from this client, waiting for a worker, or for the API',
        'Too many requests are waiting already.',
        RETRY_AFTER,
      ),
      500: failure(500, 'The API or the gateway failed', 'Internal server error', FINAL_HEADERS),
      502: failure(
        502,
        'The executor failed, or the API did not respond',
        'the Anthropic API gave no answer',
        FINAL_HEADERS,
      ),
      503: failure(503, 'The server is shutting down', 'The server is shutting down.'),
      504: failure(504, 'The message took too long', 'the run took longer than its limit', FINAL_HEADERS),
      529: failure(529, 'The API is overloaded', 'Overloaded', { ...RETRY_AFTER, ...FINAL_HEADERS }),
    },
  },
  'POST /v1/messages/count_tokens': {
    tag: 'Messages',
    summary: 'Count the tokens of a request, as the Messages API does',
    description:
      'The `offline` executor counts by itself, exactly; `anthropic` uses the free count of the API; `claude-cli` cannot count and returns 404. Counts are not cached.',
    parameters: [headerParameter('anthropic-version', 'Version of the API', '2026-10-21')],
    body: jsonBody(COUNT_REQUEST, { simple: EXAMPLE_COUNT_REQUEST }),
    responses: {
      200: jsonResponse('The count', COUNT, { count: { input_tokens: 24 } }, HEADERS),
      400: failure(
        400,
        'A field or a header is invalid or cannot be honoured',
        'max_tokens: must be left out when tokens are counted',
      ),
      401: failure(401, 'The API key is missing or invalid', 'The API key is not valid.'),
      404: failure(
        404,
        'The executor cannot count, or the API does not know the model',
        'This gateway has no count_tokens: the claude-cli executor cannot count tokens.',
      ),
      413: failure(413, 'The body or its texts are too large', 'The body is larger than the limit.'),
      429: failure(
        429,
        'Too many requests from this client or for the API',
        'There were too many requests in the last minute.',
        RETRY_AFTER,
      ),
      500: failure(500, 'The API or the gateway failed', 'Internal server error', FINAL_HEADERS),
      502: failure(
        502,
        'The executor failed, or the API did not respond',
        'the Anthropic API gave no answer',
        FINAL_HEADERS,
      ),
      504: failure(504, 'Counting took too long', 'Counting took too long.', FINAL_HEADERS),
      529: failure(529, 'The API is overloaded', 'Overloaded', { ...RETRY_AFTER, ...FINAL_HEADERS }),
    },
  },
};
