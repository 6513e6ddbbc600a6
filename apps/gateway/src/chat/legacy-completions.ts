import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isOpenAiClient } from '../http/openai-client.js';
import { ProblemError } from '../http/problem.js';
import { type ErrorShape, problemShape } from '../http/route-config.js';
import { chatErrorShape } from './chat-error.js';

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

const REFUSAL = new ProblemError(
  400,
  'This gateway does not serve the legacy completions of OpenAI: /v1/completions has a shape of its own. ' +
    'Use POST /v1/chat/completions (client.chat.completions.create).',
  { code: 'ERR_UNSUPPORTED_ENDPOINT' },
);

/**
 * Says in OpenAI's form where to go, to those who send OpenAI's legacy completions to `POST /v1/completions`: its official
 * clients, and bodies with fields that only OpenAI's have. Official clients get all errors of the route in that form.
 */
export function refuseLegacyCompletions(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (route.url === ROUTE) route.config = { ...route.config, errorShape };
  });
  fastify.addHook('preHandler', (request, _reply, done) => {
    done(isLegacy(request) ? REFUSAL : undefined);
  });
}

const errorShape: ErrorShape = (error, request) => {
  const isForOpenAi = error === REFUSAL || isOpenAiClient(request.headers);
  return (isForOpenAi ? chatErrorShape : problemShape)(error, request);
};

function isLegacy({ routeOptions, headers, body }: FastifyRequest): boolean {
  return routeOptions.url === ROUTE && (isOpenAiClient(headers) || hasLegacyShape(body));
}

function hasLegacyShape(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  if ('prompt' in body && Array.isArray(body.prompt)) return true;
  return LEGACY_FIELDS.some((field) => Object.hasOwn(body, field));
}
