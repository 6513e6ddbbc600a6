import { STATUS_CODES } from 'node:http';
import type { OpenAPIObject } from '@nestjs/swagger';
import { z } from 'zod';
import { type FieldProblem, problem, type Problem, PROBLEM_CONTENT_TYPE } from '../http/problem.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Exclude<Operation['responses'][string], { $ref: string } | undefined>;
export type Responses = Record<string, Response>;
type Parameter = NonNullable<Operation['parameters']>[number];

export const TAGS = {
  Completions: 'Completions from the cache, or computed and then cached',
  Tasks: 'Completions that are computed in the background and fetched later',
  Messages: 'The Messages API of Anthropic, for its official SDKs',
  Chat: 'The chat completions of OpenAI, for its clients',
  Queue: 'Requests that are computed into the cache in the background',
  Cache: 'Clearing, invalidation and savings',
  Operations: 'Health, metrics and live numbers',
} as const;

/** The description of a route. */
export interface RouteDoc {
  tag: keyof typeof TAGS;
  summary: string;
  description?: string;
  parameters?: Parameter[];
  body?: Operation['requestBody'];
  responses: Responses;
  /** Whether the route needs no key even if keys are set. */
  isPublic?: boolean;
}

/** Descriptions by method and path, such as `POST /v1/completions`. */
export type RouteDocs = Record<string, RouteDoc>;

/** A JSON request body with named examples. */
export function jsonBody(schema: SchemaReference, examples: Record<string, unknown>): RouteDoc['body'] {
  return { required: true, content: { 'application/json': { schema, examples: named(examples) } } };
}

/** A JSON response with named examples. */
export function jsonResponse(
  description: string,
  schema: SchemaReference,
  examples: Record<string, unknown>,
  headers: Record<string, string> = {},
): Response {
  return {
    description,
    headers: describedHeaders(headers),
    content: { 'application/json': { schema, examples: named(examples) } },
  };
}

/** Adds Server-Sent Events as a further form of a response. */
export function withEvents(response: Response, example: string): Response {
  const events = { schema: { type: 'string' as const }, example };
  return { ...response, content: { ...response.content, 'text/event-stream': events } };
}

/** A text response. */
export function textResponse(description: string, mediaType: string, example?: string): Response {
  return { description, content: { [mediaType]: { schema: { type: 'string' }, example } } };
}

/** A request header. */
export function headerParameter(name: string, description: string, example?: string): Parameter {
  return { name, in: 'header', description, required: false, schema: { type: 'string' }, example };
}

/** A path parameter. */
export function pathParameter(name: string, description: string, example: string): Parameter {
  return { name, in: 'path', description, required: true, schema: { type: 'string' }, example };
}

/** A query parameter. */
export function queryParameter(name: string, description: string, example?: string): Parameter {
  return { name, in: 'query', description, required: false, schema: { type: 'string' }, example };
}

/** Response headers in OpenAPI's form. */
export function describedHeaders(headers: Record<string, string>): Response['headers'] {
  const entries = Object.entries(headers);
  if (entries.length === 0) return undefined;
  return Object.fromEntries(
    entries.map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );
}

function named(examples: Record<string, unknown>): Record<string, { value: unknown }> {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }]));
}

/** Metadata of a schema. */
interface SchemaNote {
  /** The schema's name in the components. */
  id: string;
  description?: string;
}

/** The schemas of the API. Requests are validated with the same schemas that are described. */
const registry = z.registry<SchemaNote>();

const COMPONENTS = '#/components/schemas/';

/** A reference to a schema in the components. */
export interface SchemaReference {
  $ref: string;
}

/** Adds a schema to the components and returns a reference to it. */
export function apiSchema(id: string, schema: z.ZodType, description?: string): SchemaReference {
  registry.add(schema, { id, description });
  return { $ref: COMPONENTS + id };
}

/** Returns all added schemas as JSON Schema, which OpenAPI 3.1 uses. */
export function componentSchemas(): Record<string, object> {
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => COMPONENTS + id });
  return Object.fromEntries(Object.entries(schemas).map(([id, schema]) => [id, withoutIds(schema)]));
}

function withoutIds({ $schema: _, $id: __, id: ___, ...schema }: Record<string, unknown>): object {
  return schema;
}

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

/** Header of responses after which a retry makes sense. */
export const RETRY_AFTER = { 'Retry-After': 'Seconds to wait before a retry' };

/** When each status occurs, and an example. */
const PROBLEMS = {
  400: {
    when: 'The request is invalid; `errors` names the fields',
    code: 'ERR_VALIDATION',
    detail: 'prompt: is required and must be a string',
  },
  401: {
    when: 'The API key is missing or invalid',
    code: 'ERR_NO_API_KEY',
    detail: 'An API key is required: send Authorization: Bearer, or x-api-key.',
  },
  403: {
    when: 'The key is not that of an administrator',
    code: 'ERR_NOT_ADMIN',
    detail: 'This requires the API key of an administrator.',
  },
  404: {
    when: 'The resource does not exist, or no longer',
    code: 'ERR_TASK_NOT_FOUND',
    detail: 'There is no such task.',
  },
  409: {
    when: "The tenant's queue is full; the request remains a dead letter",
    code: 'ERR_QUEUE_FULL',
    detail: 'The request was not replayed: the queue is full.',
  },
  413: {
    when: 'The body or the prompt is larger than the limit',
    code: 'ERR_PROMPT_TOO_LARGE',
    detail: 'prompt is larger than the limit of 524288 bytes',
  },
  415: { when: 'The body is not JSON', code: 'ERR_MEDIA_TYPE', detail: 'The body must be application/json.' },
  429: {
    when: 'Too many requests from this client, waiting for a worker, or in the queue',
    code: 'ERR_POOL_SATURATED',
    detail: 'Too many requests are waiting already.',
  },
  502: { when: 'The executor failed', code: 'ERR_EXECUTOR_FAILED', detail: 'The executor failed.' },
  503: {
    when: 'The operation needs Redis, which is unavailable, or the server is shutting down',
    code: 'ERR_REDIS_UNAVAILABLE',
    detail: 'Redis is unavailable.',
  },
  504: {
    when: 'The completion took too long, or `only-if-cached` found none',
    code: 'ERR_TASK_TIMEOUT',
    detail: 'The task took too long.',
  },
} as const;

export type ProblemStatus = keyof typeof PROBLEMS;

/** The error responses of a route. */
export function problems(...statuses: ProblemStatus[]): Responses {
  return Object.fromEntries(statuses.map((status) => [status, problemResponse(status)]));
}

function problemResponse(status: ProblemStatus): Responses[string] {
  const { when, code, detail } = PROBLEMS[status];
  const value = problem(status, detail, { code });
  return {
    description: `${STATUS_CODES[status]}. ${when}.`,
    headers: describedHeaders(status === 429 ? RETRY_AFTER : {}),
    content: { [PROBLEM_CONTENT_TYPE]: { schema: PROBLEM, examples: { [code]: { value } } } },
  };
}
