import type { IncomingMessage } from 'node:http';

/** The one spelling of the route that has the lane; all others are served as usual. */
export const LANE_ROUTE = '/v1/completions';

const JSON_TYPES = new Set(
  ['', '; charset=utf-8', ';charset=utf-8'].map((charset) => `application/json${charset}`),
);

/**
 * How long the body is of a request that asks for a completion and for nothing else; 0 for all other requests, and
 * where the body is longer than `maxBytes`.
 */
export function laneBodyLength({ url, method, headers }: IncomingMessage, maxBytes: number): number {
  if (url !== LANE_ROUTE || method !== 'POST' || !JSON_TYPES.has(headers['content-type']!)) return 0;
  if (headers['cache-control'] !== undefined || headers.prefer !== undefined) return 0;
  const length = Number(headers['content-length']);
  return length <= maxBytes ? length : 0;
}
