/** One turn of a conversation. */
export interface CompletionMessage {
  role: 'user' | 'assistant';
  /** Text, or parts of several kinds; a text means the same as one part `{ type: 'text', text }`. */
  content: string | ContentBlock[];
}

/** A tool that the model may ask for; the caller runs it and answers with a `tool_result`. */
export interface ToolDefinition {
  name: string;
  description?: string;
  /** JSON schema of the tool's input. */
  input_schema: Record<string, unknown>;
  [field: string]: unknown;
}

/**
 * What a worker is asked to do. Exactly one of `prompt` and `messages` is given.
 *
 * The fields are those of Anthropic's Messages API, and mean what they mean there. An executor that cannot
 * honour a field that is present refuses the request with `UnsupportedParameterError`; it never drops the
 * field silently. Everything but `metadata` decides the answer and belongs into a cache key.
 *
 * @example
 * const request: CompletionRequest = { prompt: 'Summarise: …', max_tokens: 200 };
 */
export interface CompletionRequest {
  /** The user's text; means the same as `messages` with this one turn of the user. */
  prompt?: string;
  /** A conversation, oldest turn first. */
  messages?: CompletionMessage[];
  /** Model or alias; the executor's default when absent. */
  model?: string;
  /** System prompt: text, or parts of type `text`. */
  system?: string | ContentBlock[];
  /** Upper bound of the answer's length, in tokens. A cut answer has `stopReason: 'max_tokens'`. */
  max_tokens?: number;
  /** Sampling temperature, 0 to 1. */
  temperature?: number;
  /** Nucleus sampling, 0 to 1. */
  top_p?: number;
  /** Samples from so many of the likeliest tokens only. */
  top_k?: number;
  /** Texts that end the answer; `stopReason` is then `stop_sequence`. */
  stop_sequences?: string[];
  /** Tools that the model may ask for; `stopReason` is then `tool_use`. */
  tools?: ToolDefinition[];
  /** Whether it may, must or must not ask for one: `{ type: 'auto' | 'any' | 'tool' | 'none', … }`. */
  tool_choice?: TypedObject;
  /** How the model thinks before it answers: `{ type: 'adaptive' | 'enabled' | 'disabled', … }`. */
  thinking?: TypedObject;
  /** Effort and form of the answer: `{ effort: 'low', format: { type: 'json_schema', schema } }`. */
  output_config?: Record<string, unknown>;
  /** Lets the provider keep the prompt's beginning for the next request, at another price. */
  cache_control?: TypedObject;
  /** For the provider's eyes; does not decide the answer and is no part of a cache key. */
  metadata?: RequestMetadata;
}

/** An object whose `type` says what else it holds. */
export interface TypedObject {
  type: string;
  [field: string]: unknown;
}

/** Who asks, as far as the provider is told. */
export interface RequestMetadata {
  /** Opaque id of the end user, which helps the provider to find abuse. No name, no address. */
  user_id?: string | null;
}

/**
 * Tokens read and written for one completion, in the form of the Messages API, with whatever else it tells.
 *
 * Where the two `cache_…` fields are present, the tokens that they count are not part of `input_tokens`:
 * what was read in all is the sum of the three.
 */
export interface TokenUsage {
  input_tokens: number;
  output_tokens: number;
  /** Tokens that the provider stored in its own prompt cache. */
  cache_creation_input_tokens?: number | null;
  /** Tokens that the provider read from its own prompt cache. */
  cache_read_input_tokens?: number | null;
  [field: string]: unknown;
}

/** A part of a message or an answer, in the shape of the Messages API; `{ type: 'text', text }` for plain text. */
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
  /** `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `refusal`, … */
  stopReason: string;
  /** Which of `stop_sequences` ended the answer. */
  stopSequence?: string | null;
  /** What else is told of the end, such as the category of a refusal. */
  stopDetails?: TypedObject | null;
  content: ContentBlock[];
}
