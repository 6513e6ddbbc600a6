import { hasMoreText, parseStored, type StoredJson } from 'nestjs-redis-connection';
import { toJson } from '../util/json-value.js';
import { ValueTooLargeError } from '../errors/errors.js';
import type { QueueContext } from './queue-core.js';

/** UTF-8 takes at most this many bytes per UTF-16 code unit. */
const MAX_BYTES_PER_UNIT = 3;

/**
 * The request as JSON; `null`, and a line in the log, when JSON cannot carry it.
 *
 * @throws {ValueTooLargeError} above the queue's `maxRequestBytes`
 */
export function encodeRequest(
  request: unknown,
  { logger, maxRequestBytes }: Pick<QueueContext, 'logger' | 'maxRequestBytes'>,
  field = 'request',
): string | null {
  // Writing many megabytes to measure them would block the process.
  if (hasMoreText(request, maxRequestBytes)) {
    throw new ValueTooLargeError(field, maxRequestBytes + 1, maxRequestBytes, false);
  }
  const text = toJson(request);
  if ('problem' in text) {
    logger.warn(`A request was not queued: ${text.problem}`);
    return null;
  }
  if (text.json.length * MAX_BYTES_PER_UNIT > maxRequestBytes) assertSize(field, text.json, maxRequestBytes);
  return text.json;
}

/** The request that a stored text describes, or why it is refused. The limits are those of writing. */
export function decodeRequest(
  text: string,
  { maxRequestBytes }: Pick<QueueContext, 'maxRequestBytes'>,
): StoredJson {
  return parseStored(text, maxRequestBytes);
}

function assertSize(field: string, json: string, maxRequestBytes: number): void {
  const bytes = Buffer.byteLength(json);
  if (bytes > maxRequestBytes) throw new ValueTooLargeError(field, bytes, maxRequestBytes);
}
