import type { CompletionEvent } from '../../contract/completion-event.js';

interface CliMessage {
  type?: unknown;
  event?: unknown;
  /** Set in messages of a subagent. */
  parent_tool_use_id?: unknown;
}

/**
 * Passes on the API's events from the CLI's stream of messages (`--output-format stream-json`).
 *
 * The CLI may call the API more than once: it repeats a call that broke off, also without a stream. Only the events of
 * its first message are passed on, and `message_stop` only after the report has confirmed that they add up to the answer.
 */
export class ClaudeCliEvents {
  #state: 'waiting' | 'open' | 'closed' = 'waiting';
  #text = '';
  #stop: CompletionEvent | null = null;

  constructor(private readonly emit: (event: CompletionEvent) => void) {}

  /** Takes a line of the output. Returns `false` when it is, or may be, the report. */
  readonly take = (line: string): boolean => {
    const message = parse(line);
    if (!message || message.type === 'result') {
      return false;
    }
    if (message.type === 'stream_event' && !message.parent_tool_use_id && isEvent(message.event)) {
      this.#pass(message.event);
    }
    return true;
  };

  /** The report has arrived, with this answer. */
  confirm(answer: string): void {
    if (this.#stop && this.#text.trim() === answer.trim()) {
      this.emit(this.#stop);
    }
  }

  #pass(event: CompletionEvent): void {
    if (event.type === 'message_start') {
      this.#stop = null;
      this.#state = this.#state === 'waiting' ? 'open' : 'closed';
    }
    if (this.#state !== 'open' || event.type === 'ping') {
      return;
    }
    if (event.type === 'message_stop') {
      this.#stop = event;
      return;
    }
    this.#text += textIn(event);
    this.emit(event);
  }
}

function parse(line: string): CliMessage | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function isEvent(event: unknown): event is CompletionEvent {
  return typeof (Object(event) as { type?: unknown }).type === 'string';
}

function textIn({ delta }: CompletionEvent): string {
  const { type, text } = Object(delta) as { type?: unknown; text?: unknown };
  return type === 'text_delta' && typeof text === 'string' ? text : '';
}
