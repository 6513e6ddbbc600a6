import type { OpenAPIObject } from '@nestjs/swagger';
import type { SchemaReference } from './api-schemas.js';

type Operation = NonNullable<OpenAPIObject['paths'][string]['get']>;
type Response = Exclude<Operation['responses'][string], { $ref: string } | undefined>;
export type Responses = Record<string, Response>;
type Parameter = NonNullable<Operation['parameters']>[number];

export const TAGS = {
  Completions: 'Answers from the cache, or computed and kept',
  Tasks: 'Answers that are not waited for',
  Messages: 'The Messages API, for clients that speak it already',
  Queue: 'Requests that are worked off in the background',
  Cache: 'What is kept, and what it saves',
  Operations: 'Health, metrics, live numbers',
} as const;

/** How a route is described. */
export interface RouteDoc {
  tag: keyof typeof TAGS;
  summary: string;
  description?: string;
  parameters?: Parameter[];
  body?: Operation['requestBody'];
  responses: Responses;
  /** Served without a key, where keys are set. */
  isPublic?: boolean;
}

/** Descriptions by method and path, as in `POST /v1/completions`. */
export type RouteDocs = Record<string, RouteDoc>;

/** A JSON body with examples by their names. */
export function jsonBody(schema: SchemaReference, examples: Record<string, unknown>): RouteDoc['body'] {
  return { required: true, content: { 'application/json': { schema, examples: named(examples) } } };
}

/** A JSON answer. */
export function jsonAnswer(
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

/** An answer that is text. */
export function textAnswer(description: string, mediaType: string, example?: string): Response {
  return { description, content: { [mediaType]: { schema: { type: 'string' }, example } } };
}

/** A header of a request. */
export function header(name: string, description: string, example?: string): Parameter {
  return { name, in: 'header', description, required: false, schema: { type: 'string' }, example };
}

/** A part of the path. */
export function pathPart(name: string, description: string, example: string): Parameter {
  return { name, in: 'path', description, required: true, schema: { type: 'string' }, example };
}

/** A part of the query. */
export function queryPart(name: string, description: string, example: string): Parameter {
  return { name, in: 'query', description, required: false, schema: { type: 'string' }, example };
}

/** Headers of an answer, as OpenAPI has them. */
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
