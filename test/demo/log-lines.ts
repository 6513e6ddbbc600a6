import { until } from '../support/index.js';
import type { Demo } from './start-demo.js';

/** A line of the log, as JSON. */
export type Line = Record<string, unknown>;

/** What the demo has logged so far. */
export function linesOf(demo: Demo): Line[] {
  const lines = demo.process.stdout.split('\n').filter((line) => line.startsWith('{'));
  return lines.map((line) => JSON.parse(line) as Line);
}

/** The access log's line of a request, once it is there. */
export function lineOf(demo: Demo, requestId: string): Promise<Line> {
  const find = (): Line | undefined => linesOf(demo).find((line) => line['requestId'] === requestId);
  return until(find, { what: `the line of ${requestId}` });
}
