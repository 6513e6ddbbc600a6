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
 * The CLI may call the API more than once. A whole message is the answer, and whatever follows it is another: the CLI asks
 * the model to continue a truncated answer, or to rephrase a refused one. A message that broke off is replaced by its
 * repetition; then the events end without `message_stop`, because they belong to the first.
 */
export class ClaudeCliMessages {
  #messages = 0;
  #text = '';
  #stopReason: string | null = null;
  #stop: CompletionEvent | null = null;
  #answer: ClaudeCliAnswer | null = null;

  constructor(private readonly emit: (event: CompletionEvent) => void = () => {}) {}

  /** The model's first whole message; `null` as long as there is none. */
  get answer(): ClaudeCliAnswer | null {
    return this.#answer;
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
    if (this.#stop) {
      this.emit(this.#stop);
    }
  }

  #read({ type, event }: CliMessage, interrupt: () => void): void {
    // The prompt is not repeated in the output: this is a turn that the CLI adds by itself.
    const isOwnTurn = type === 'user';
    if (isOwnTurn || (this.#answer && isStart(event))) {
      interrupt();
    } else if (!this.#answer && type === 'stream_event' && isEvent(event)) {
      this.#collect(event);
      this.#pass(event);
      if (this.#answer && !isNaturalEnd(this.#answer)) {
        interrupt();
      }
    }
  }

  #collect(event: CompletionEvent): void {
    if (isStart(event)) {
      this.#messages += 1;
      this.#text = '';
      this.#stopReason = null;
    }
    this.#text += textIn(event);
    this.#stopReason = stopReasonIn(event) ?? this.#stopReason;
    if (event.type === 'message_stop' && this.#stopReason !== null) {
      this.#answer = { text: this.#text, stopReason: this.#stopReason };
    }
  }

  #pass(event: CompletionEvent): void {
    if (this.#messages !== 1 || event.type === 'ping') {
      return;
    }
    if (event.type !== 'message_stop') {
      this.emit(event);
    } else if (this.#answer) {
      this.#stop = event;
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
