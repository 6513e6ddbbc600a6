import type { CompletionEvent } from '../contract/completion-event.js';
import type { Completion } from '../contract/completion-request.js';

/** What the Messages API reports in `message_start` as not known yet, and fields that only the API itself fills in. */
const OPEN = {
  stop_reason: null,
  stop_sequence: null,
  stop_details: null,
  container: null,
  diagnostics: null,
};

/**
 * The events of a completion that consists of one text, as the Messages API would stream it.
 *
 * @param taskId becomes part of the message's id
 * @param pieces the text, in parts
 */
export function textEvents(
  { model, usage, stopReason }: Completion,
  taskId: string,
  pieces: readonly string[],
): CompletionEvent[] {
  const id = `msg_${taskId.replaceAll('-', '')}`;
  const message = { id, type: 'message', role: 'assistant', model, content: [], ...OPEN };
  return [
    { type: 'message_start', message: { ...message, usage: { ...usage, output_tokens: 0 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
    ...pieces.map((text) => ({
      type: 'content_block_delta',
      index: 0,
      delta: { type: 'text_delta', text },
    })),
    { type: 'content_block_stop', index: 0 },
    {
      type: 'message_delta',
      delta: { stop_reason: stopReason, stop_sequence: null, stop_details: null, container: null },
      usage,
    },
    { type: 'message_stop' },
  ];
}
