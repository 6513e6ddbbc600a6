/** One turn of a conversation. */
export interface CompletionMessage {
  role: 'user' | 'assistant';
  content: string;
}

/**
 * What a worker is asked to do. Exactly one of `prompt` and `messages` is given.
 *
 * An executor that cannot honour a field that is present refuses the request with
 * `UnsupportedParameterError`; it never drops the field silently.
 *
 * @example
 * const request: CompletionRequest = { prompt: 'Summarise: …', max_tokens: 200 };
 */
export interface CompletionRequest {
  /** The user's text. */
  prompt?: string;
  /** A conversation, oldest turn first. */
  messages?: CompletionMessage[];
  /** Model or alias; the executor's default when absent. */
  model?: string;
  /** System prompt. */
  system?: string;
  /** Upper bound of the answer's length, in tokens. A cut answer has `stopReason: 'max_tokens'`. */
  max_tokens?: number;
  /** Sampling temperature, 0 to 1. */
  temperature?: number;
}

/** Tokens read and written for one completion. */
export interface TokenUsage {
  input_tokens: number;
  output_tokens: number;
}

/** A part of an answer, in the shape of the Messages API; `{ type: 'text', text }` for plain text. */
export interface ContentBlock {
  type: string;
  text?: string;
  [field: string]: unknown;
}

/** What an executor answers. */
export interface Completion {
  /** The answer's text. */
  completion: string;
  usage: TokenUsage;
  /** US dollars; 0 when the work was free. */
  cost: number;
  /** The model that answered, by its own name. */
  model: string;
  /** `end_turn`, `max_tokens`, `stop_sequence`, `refusal`, … */
  stopReason: string;
  content: ContentBlock[];
}
