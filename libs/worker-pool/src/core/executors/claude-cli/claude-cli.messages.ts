import type { CompletionEvent } from '../../contract/completion-event.js';

interface CliMessage {
  type?: unknown;
  event?: unknown;
  /** Set in messages of a subagent. */
  parent_tool_use_id?: unknown;
}

/** A message of the model that arrived as a whole. */
export interface ClaudeCliAnswer {
  /** All its text. The report contains only its last block. */
  text: string;
  stopReason: string;
}

const NATURAL_ENDS = new Set(['end_turn', 'stop_sequence']);

/** Whether the model ended its answer itself. After any other end the CLI may ask the model to continue. */
export function isNaturalEnd({ stopReason }: ClaudeCliAnswer): boolean {
  return NATURAL_ENDS.has(stopReason);
}

/**
 * Reads the CLI's stream of messages (`--output-format stream-json`): collects the model's answer, passes on the API's
 * events, and interrupts the CLI when it is about to ask the model again by itself.
 *
 * The CLI may call the API more than once. The first whole message is the answer; what follows is another one, because the CLI
 * asked the model to continue a truncated answer or to rephrase a refused one. A message that broke off is replaced by its
 * repetition; then the events end without `message_stop`, because they belong to the first.
 */
export class ClaudeCliMessages {
  #messages = 0;
  #text = '';
  #answer: ClaudeCliAnswer | null = null;

  constructor(private readonly emit: (event: CompletionEvent) => void = () => {}) {}

  /** The model's first whole message; `null` as long as there is none. */
  get answer(): ClaudeCliAnswer | null {
    return this.#answer;
  }

  /** The text of the model's last message so far. */
  get text(): string {
    return this.#text;
  }

  /** Whether the model has begun a message, which then may have been paid for. */
  get hasBegun(): boolean {
    return this.#messages > 0;
  }

  /** Takes a line of the output. Returns `false` when it is, or may be, the report. */
  readonly take = (line: string, interrupt: () => void): boolean => {
    const message = parse(line);
    if (!message || message.type === 'result') {
      return false;
    }
    if (!message.parent_tool_use_id) {
      this.#read(message, interrupt);
    }
    return true;
  };

  /** Passes on the end of the answer, if the events that were passed on add up to it. */
  end(): void {
    if (this.#answer && this.#messages === 1) {
      this.emit({ type: 'message_stop' });
    }
  }

  #read({ type, event }: CliMessage, interrupt: () => void): void {
    // The prompt is not repeated in the output: this is a turn that the CLI adds by itself.
    const isOwnTurn = type === 'user';
    if (isOwnTurn || (this.#answer && isStart(event))) {
      interrupt();
    } else if (type === 'stream_event' && isEvent(event)) {
      this.#readEvent(event, interrupt);
    }
  }

  #readEvent(event: CompletionEvent, interrupt: () => void): void {
    if (!this.#answer) {
      this.#collect(event);
      this.#pass(event);
    } else if (event.type === 'message_stop' && !isNaturalEnd(this.#answer)) {
      interrupt();
    }
  }

  /** The message is whole with its stop reason: some runs end before they write `message_stop`. */
  #collect(event: CompletionEvent): void {
    if (isStart(event)) {
      this.#messages += 1;
      this.#text = '';
    }
    this.#text += textIn(event);
    const stopReason = stopReasonIn(event);
    if (stopReason !== null) {
      this.#answer = { text: this.#text, stopReason };
    }
  }

  #pass(event: CompletionEvent): void {
    if (this.#messages === 1 && event.type !== 'ping' && event.type !== 'message_stop') {
      this.emit(event);
    }
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

function isStart(event: unknown): boolean {
  return isEvent(event) && event.type === 'message_start';
}

function textIn({ delta }: CompletionEvent): string {
  const { type, text } = Object(delta) as { type?: unknown; text?: unknown };
  return type === 'text_delta' && typeof text === 'string' ? text : '';
}

function stopReasonIn({ type, delta }: CompletionEvent): string | null {
  const { stop_reason: reason } = Object(delta) as { stop_reason?: unknown };
  return type === 'message_delta' && typeof reason === 'string' ? reason : null;
}
