import { StreamableFile } from '@nestjs/common';
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { entityTagOf } from './response-headers.js';
import { isShareable } from './response-rules.js';

/** A response as it is cached: the handler's body and the headers that it set. */
export interface RecordedResponse {
  readonly format: 'http-1';
  readonly body: unknown;
  readonly entityTag: string;
  readonly headers: Readonly<Record<string, OutgoingHttpHeader>>;
}

/** Marker that takes the place of a response that must not be shared with other requests. */
export interface UnsharedResponse {
  readonly format: 'http-1';
  readonly unshared: true;
}

export const UNSHARED: UnsharedResponse = { format: 'http-1', unshared: true };

/** The parts of a response object that Express and Fastify have in common. */
export interface ResponseState {
  readonly statusCode: number;
  getHeaders(): OutgoingHttpHeaders;
}

/** Headers of one message on one connection, and headers that are written to each response again. */
const NOT_RECORDED = new Set([
  'age',
  'cache-status',
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Headers that mean that the body differs from the handler's return value. */
const ENCODED_BODY = ['content-encoding', 'content-range'];

/** Whether a cached value is a response: a key may hold any value. */
export function isRecorded(value: unknown): value is RecordedResponse {
  const response = value as Partial<RecordedResponse> | null;
  return response?.format === 'http-1' && typeof response.entityTag === 'string';
}

/** Whether a value stands for a response that must not be shared. */
export function isUnshared(value: unknown): value is UnsharedResponse {
  const response = value as Partial<UnsharedResponse> | null;
  return response?.format === 'http-1' && response.unshared === true;
}

/** Returns a response with the headers of an earlier response; `null` if it is neither JSON nor text. */
export function recordBody(value: unknown, headers: RecordedResponse['headers']): RecordedResponse | null {
  const content = contentOf(value);
  return content && { format: 'http-1', body: content.body, entityTag: entityTagOf(content.text), headers };
}

/**
 * Returns the response that a handler has just prepared, or `null` if it must not be shared: a status other than
 * 200, headers that forbid it, or neither JSON nor text. Headers that are added until it is sent may still forbid it.
 *
 * @param before the headers before the handler ran
 * @param keyHeaders names of the headers in the key, in lower case
 */
export function recordResponse(
  value: unknown,
  state: ResponseState,
  before: OutgoingHttpHeaders,
  keyHeaders: readonly string[],
): RecordedResponse | null {
  const after = state.getHeaders();
  if (state.statusCode !== 200 || ENCODED_BODY.some((name) => after[name] !== undefined)) return null;
  return isShareable(after, keyHeaders) ? recordBody(value, changes(before, after)) : null;
}

/** Returns a value as JSON; `undefined` if JSON cannot carry it. */
export function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function contentOf(value: unknown): { body: unknown; text: string } | null {
  if (typeof value === 'string') return { body: value, text: value };
  if (value === null || value === undefined || isStreamOrBytes(value)) return null;
  const text = jsonOf(value);
  if (text === undefined) return null;
  // All requests get what the cache will return later, and the handler's own object is not frozen.
  const body: unknown = JSON.parse(text);
  return typeof body === typeof value && body !== null ? { body, text } : null;
}

function isStreamOrBytes(value: {}): boolean {
  if (typeof value !== 'object') return false;
  if (value instanceof StreamableFile || value instanceof Blob || value instanceof Error) return true;
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Response) return true;
  return Symbol.asyncIterator in value || 'pipe' in value || 'getReader' in value;
}

function changes(before: OutgoingHttpHeaders, after: OutgoingHttpHeaders): RecordedResponse['headers'] {
  const changed = Object.entries(after).filter(
    ([name, value]) => !NOT_RECORDED.has(name) && String(value) !== String(before[name]),
  );
  return Object.fromEntries(changed) as Record<string, OutgoingHttpHeader>;
}
