import { StreamableFile } from '@nestjs/common';
import type { OutgoingHttpHeader, OutgoingHttpHeaders } from 'node:http';
import { toJson } from '../core/entry/to-json.js';
import { entityTagOf } from './entity-tag.js';

/** A response as it is cached: what the handler answered, and the headers that it set. */
export interface RecordedResponse {
  readonly format: 'http-1';
  readonly body: unknown;
  readonly entityTag: string;
  readonly headers: Readonly<Record<string, OutgoingHttpHeader>>;
}

/** What the other requests for it get to know of a response that is for one request alone. */
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

/** They belong to one message on one connection, or are written anew to each response. */
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

/** With these a body is not what the handler answered. */
const FOREIGN_BODY = ['content-encoding', 'content-range'];

/** Headers that change how a response is sent, not what a handler answers. */
const ALWAYS_COVERED = new Set(['accept-encoding', 'origin']);

/** Whether a cached value is a response; under its key there may lie anything. */
export function isRecorded(value: unknown): value is RecordedResponse {
  const response = value as Partial<RecordedResponse> | null;
  return response?.format === 'http-1' && typeof response.entityTag === 'string';
}

/** A response whose headers are known: those of an earlier answer to the same request. `null` for one alone. */
export function recordBody(
  value: unknown,
  headers: RecordedResponse['headers'],
  state: ResponseState,
): RecordedResponse | null {
  if (state.getHeaders()['set-cookie'] !== undefined) return null;
  const content = contentOf(value);
  return content && { format: 'http-1', body: content.body, entityTag: entityTagOf(content.text), headers };
}

/**
 * The response that a handler has just prepared, or `null` when it is for its own request alone: other
 * than 200, with a cookie, not to be stored, varying by what is not in the key, or no JSON or text.
 *
 * @param before the headers before the handler ran
 * @param keyHeaders names, in lower case, of the headers in the key
 */
export function recordResponse(
  value: unknown,
  state: ResponseState,
  before: OutgoingHttpHeaders,
  keyHeaders: readonly string[],
): RecordedResponse | null {
  const after = state.getHeaders();
  if (state.statusCode !== 200 || FOREIGN_BODY.some((name) => after[name] !== undefined)) return null;
  if (forbidsStorage(after['cache-control']) || !covers(keyHeaders, after['vary'])) return null;
  return recordBody(value, changes(before, after), state);
}

function contentOf(value: unknown): { body: unknown; text: string } | null {
  if (typeof value === 'string') return { body: value, text: value };
  if (value === null || value === undefined || isStreamOrBytes(value)) return null;
  const text = toJson(value);
  if ('problem' in text) return null;
  // What all get is what the cache will give back; and the handler's own object stays as it is.
  const body: unknown = JSON.parse(text.json);
  return typeof body === typeof value && body !== null ? { body, text: text.json } : null;
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

function forbidsStorage(cacheControl: OutgoingHttpHeader | undefined): boolean {
  return listOf(cacheControl).some((directive) => /^(no-store|private)\b/.test(directive));
}

function covers(keyHeaders: readonly string[], vary: OutgoingHttpHeader | undefined): boolean {
  return listOf(vary).every((name) => ALWAYS_COVERED.has(name) || keyHeaders.includes(name));
}

function listOf(header: OutgoingHttpHeader | undefined): string[] {
  if (header === undefined) return [];
  return String(header)
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((item) => item !== '');
}
