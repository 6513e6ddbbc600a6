import { until } from '@test/support/index.js';
import type { Gateway } from './start-gateway.js';

/** A line of the log, as JSON. */
export type Line = Record<string, unknown>;

/** The lines that the gateway has logged until now. */
export function linesOf(gateway: Gateway): Line[] {
  const lines = gateway.process.stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Line);
}

/** Waits for the access log's line of a request. */
export function lineOf(gateway: Gateway, requestId: string): Promise<Line> {
  const find = (): Line | undefined => linesOf(gateway).find((line) => line['requestId'] === requestId);
  return until(find, { what: `the line of ${requestId}` });
}
