import type { CompletionEvent } from 'nestjs-worker-pool';
import { serverSentEvent } from '../http/event-stream.js';
import { problem } from '../http/problem.js';
import { completionJson, type CompletionOrigin } from './completion-response.js';
import type { StreamFormat } from './completion-streams.js';

/**
 * The events of `POST /v1/completions`: `delta` with the next part of the text, then `completion` with the body of the
 * JSON response, or `error` with problem details.
 */
export const COMPLETION_STREAM: StreamFormat = {
  ping: ': ping\n\n',
  stored: ({ result }) => storedEvents(result),
  event: (event) => delta(textOf(event)),
  end: (value, { status, source }) => completed(completionJson({ value, status, source })),
  error: ({ status, message, more }) => serverSentEvent('error', problem(status, message, more)),
};

/** Renders all events of a stored completion. */
export function storedEvents(result: CompletionOrigin): string {
  return delta(result.value.completion) + completed(completionJson(result));
}

function delta(text: string): string {
  return text === '' ? '' : serverSentEvent('delta', { text });
}

function completed(json: string): string {
  return `event: completion\ndata: ${json}\n\n`;
}

/** The text that an event adds to the completion. */
function textOf({ delta: part }: CompletionEvent): string {
  const { type, text } = Object(part) as { type?: unknown; text?: unknown };
  return type === 'text_delta' && typeof text === 'string' ? text : '';
}
