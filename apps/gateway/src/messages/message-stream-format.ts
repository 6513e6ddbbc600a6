import type { StreamFormat } from '../completions/completion-streams.js';
import { EVENTS, PING, sse } from './message-writer.js';
import { messagesErrorBody } from './messages-error.js';

/** The events of the Messages API. */
export const MESSAGE_STREAM: StreamFormat = {
  ping: PING,
  stored: ({ result }) => EVENTS.write(result.value),
  event: sse,
  // `message_stop` was its last event.
  end: () => '',
  error: (error, requestId) => sse({ type: 'error', ...messagesErrorBody(error, requestId) }),
};
