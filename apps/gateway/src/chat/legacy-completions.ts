import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isOpenAiClient } from '../http/openai-client.js';
import { JSON_TYPE } from '../http/answer.js';
import type { ChatError } from './chat-error.js';

const ROUTE = '/v1/completions';
/** Fields of OpenAI's legacy completions that `POST /v1/completions` of the gateway does not have. */
const LEGACY_FIELDS = [
  'best_of',
  'echo',
  'frequency_penalty',
  'logit_bias',
  'logprobs',
  'n',
  'presence_penalty',
  'seed',
  'stop',
  'stream_options',
  'suffix',
  'user',
];

const REFUSAL: ChatError = {
  error: {
    message:
      'This gateway does not serve the legacy completions of OpenAI: /v1/completions has a shape of its own. ' +
      'Use POST /v1/chat/completions (client.chat.completions.create).',
    type: 'invalid_request_error',
    param: null,
    code: 'unsupported_endpoint',
  },
};

/**
 * Says in OpenAI's form where to go, to those who send OpenAI's legacy completions to `POST /v1/completions`: its official
 * clients, and bodies with fields that only OpenAI's have.
 */
export function refuseLegacyCompletions(fastify: FastifyInstance): void {
  fastify.addHook('preHandler', (request, reply, done) => {
    if (!isLegacy(request)) return done();
    void reply.status(400).header('Content-Type', JSON_TYPE).send(REFUSAL);
  });
}

function isLegacy({ routeOptions, method, headers, body }: FastifyRequest): boolean {
  if (routeOptions.url !== ROUTE || method !== 'POST') return false;
  return isOpenAiClient(headers) || hasLegacyShape(body);
}

function hasLegacyShape(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  return (
    ('prompt' in body && Array.isArray(body.prompt)) ||
    LEGACY_FIELDS.some((field) => Object.hasOwn(body, field))
  );
}
