import { toJson } from '../entry/to-json.js';
import { ValueTooLargeError } from '../errors/errors.js';
import type { QueueParts } from './queue-parts.js';

/**
 * A request as JSON, or `null`, with a line in the log, when JSON cannot carry it.
 *
 * @throws {ValueTooLargeError} above the queue's limit
 */
export function textOf(
  request: unknown,
  { logger, maxRequestBytes }: Pick<QueueParts, 'logger' | 'maxRequestBytes'>,
): string | null {
  const text = toJson(request);
  if ('problem' in text) {
    logger.warn(`A request was not queued: ${text.problem}`);
    return null;
  }
  // No text takes more than three bytes per unit.
  if (text.json.length * 3 > maxRequestBytes) assertSize(text.json, maxRequestBytes);
  return text.json;
}

/** The request that a text stands for; `undefined` when it is not readable. */
export function requestIn<T>(text: string): T | undefined {
  try {
    return JSON.parse(text) as T;
  } catch {
    return undefined;
  }
}

function assertSize(json: string, maxRequestBytes: number): void {
  const bytes = Buffer.byteLength(json);
  if (bytes > maxRequestBytes) throw new ValueTooLargeError('request', bytes, maxRequestBytes);
}
