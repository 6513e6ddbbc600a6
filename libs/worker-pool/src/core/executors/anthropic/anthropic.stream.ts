import type Anthropic from '@anthropic-ai/sdk';
import type { CompletionEvent } from '../../contract/completion-event.js';
import type { ExecutionContext } from '../../contract/executor.js';
import { encodedCall } from './anthropic.body.js';
import { MessageCollector } from './anthropic.collector.js';
import { AnthropicApiError, systemCodeOf } from './anthropic.failure.js';
import type { AnthropicCall } from './anthropic.messages.js';

/** Headers of a response that say something to the caller: the limits of the account. */
const PASSED_ON = /^anthropic-ratelimit-/;

/**
 * Sends a call and reads its answer as a stream, so that a long one keeps its connection. The body is sent as it is: the
 * SDK's own methods would move some fields into headers.
 *
 * @throws an error of the SDK; {@link AnthropicApiError} when the answer ends before its last event
 */
export async function readMessage(
  client: Anthropic,
  { body, headers }: AnthropicCall,
  { signal, emit }: Pick<ExecutionContext, 'signal' | 'emit'>,
): Promise<unknown> {
  const options = { ...(await encodedCall({ ...body, stream: true }, headers)), signal, stream: true };
  const call = client.post<AsyncIterable<CompletionEvent>>('/v1/messages', options);
  const { data: events, response } = await call.withResponse();
  emit?.(responseEvent(response.headers));
  return collect(events, emit).catch((thrown: unknown) => {
    throw isOfTheApi(thrown) ? thrown : brokenOff(response.headers, thrown);
  });
}

/** @throws {Error} the answer ended before its last event */
async function collect(
  events: AsyncIterable<CompletionEvent>,
  emit: ExecutionContext['emit'],
): Promise<unknown> {
  const collector = new MessageCollector();
  for await (const event of events) {
    collector.add(event);
    emit?.(event);
  }
  if (collector.message === undefined) throw new Error('the stream has no last event');
  return collector.message;
}

/** Whether this is an error that the API sent as an event. */
function isOfTheApi(thrown: unknown): boolean {
  return typeof Object(thrown).type === 'string';
}

function responseEvent(headers: Headers): CompletionEvent {
  const passed = [...headers].filter(([name]) => PASSED_ON.test(name));
  return { type: 'response', request_id: requestIdOf(headers), headers: Object.fromEntries(passed) };
}

function requestIdOf(headers: Headers): string | null {
  return headers.get('request-id');
}

function brokenOff(headers: Headers, cause: unknown): AnthropicApiError {
  const summary = `the answer of the Anthropic API broke off${systemCodeOf(cause)}`;
  const requestId = requestIdOf(headers);
  return new AnthropicApiError({ ...NO_ANSWER, summary, requestId, isFinal: true, cause });
}

const NO_ANSWER = { status: null, type: null, retryAfterMs: null };
