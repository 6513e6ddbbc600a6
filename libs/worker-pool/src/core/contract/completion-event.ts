/**
 * An event of a completion in progress, in the form of the Messages API's stream: `message_start`,
 * `content_block_start`, `content_block_delta`, `content_block_stop`, `message_delta`, `message_stop`; never `ping`.
 * JSON. The events of one completion, in their order, add up to it. Events of a completed task that do not end with
 * `message_stop` do not: the executor had to begin again, and only the result counts.
 *
 * An executor that calls a service may emit one event before these: `response`, with the service's `request_id` and
 * those of its response `headers` that describe limits. It is not part of the completion.
 *
 * @example
 * { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hello' } }
 */
export interface CompletionEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}
