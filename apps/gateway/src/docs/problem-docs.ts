import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { type FieldProblem, type Problem, PROBLEM_CONTENT_TYPE, problem } from '../http/problem.js';
import { apiSchema } from './api-schemas.js';
import { describedHeaders, type Responses } from './route-doc.js';

const fieldProblem: z.ZodType<FieldProblem> = z.object({ field: z.string(), detail: z.string() });
const problemBody: z.ZodType<Problem> = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  instance: z.string().optional(),
  code: z.string().optional(),
  errors: z.array(fieldProblem).optional(),
});
const PROBLEM = apiSchema('Problem', problemBody, 'Problem details, RFC 9457');

const RETRY_AFTER = { 'Retry-After': 'Seconds after which a further attempt makes sense' };

/** When each of them comes, and an example. */
const PROBLEMS = {
  400: {
    when: 'The request is not valid; `errors` names the fields',
    code: 'ERR_VALIDATION',
    detail: 'prompt: is required and must be a string',
  },
  401: {
    when: 'No API key, or a wrong one',
    code: 'ERR_NO_API_KEY',
    detail: 'An API key is needed: Authorization: Bearer, or x-api-key.',
  },
  403: {
    when: 'The key is none of an administrator',
    code: 'ERR_NOT_ADMIN',
    detail: 'This needs the API key of an administrator.',
  },
  404: {
    when: 'There is no such thing, or it is no longer kept',
    code: 'ERR_TASK_NOT_FOUND',
    detail: 'There is no such task.',
  },
  409: {
    when: 'The tenant has as many requests waiting as it may; the request stays among the dead',
    code: 'ERR_QUEUE_FULL',
    detail: 'The request was not replayed: the queue is full.',
  },
  413: {
    when: 'The body, or the prompt, is larger than the limit',
    code: 'ERR_PROMPT_TOO_LARGE',
    detail: 'prompt is larger than the limit of 524288 bytes',
  },
  415: { when: 'The body is not JSON', code: 'ERR_MEDIA_TYPE', detail: 'The body must be application/json.' },
  429: {
    when: 'Too many requests: of this client, or waiting for a worker or in its queue',
    code: 'ERR_POOL_SATURATED',
    detail: 'Too many requests are waiting already.',
  },
  502: { when: 'The executor failed', code: 'ERR_EXECUTOR_FAILED', detail: 'The executor failed.' },
  503: {
    when: 'Redis is needed for this and away, or the server is shutting down',
    code: 'ERR_REDIS_UNAVAILABLE',
    detail: 'Redis is unavailable.',
  },
  504: {
    when: 'The answer took too long, or `only-if-cached` found none',
    code: 'ERR_TASK_TIMEOUT',
    detail: 'The task took too long.',
  },
} as const;

export type ProblemStatus = keyof typeof PROBLEMS;

/** The error answers of a route. */
export function problems(...statuses: ProblemStatus[]): Responses {
  return Object.fromEntries(statuses.map((status) => [status, problemAnswer(status)]));
}

function problemAnswer(status: ProblemStatus): Responses[string] {
  const { when, code, detail } = PROBLEMS[status];
  const value = problem(status, detail, { code });
  return {
    description: `${STATUS_CODES[status]}. ${when}.`,
    headers: describedHeaders(status === 429 ? RETRY_AFTER : {}),
    content: { [PROBLEM_CONTENT_TYPE]: { schema: PROBLEM, examples: { [code]: { value } } } },
  };
}
