/** One turn of a conversation. */
export interface CompletionMessage {
  /** `system` inserts instructions into a conversation; only the `anthropic` executor accepts it. */
  role: 'user' | 'assistant' | 'system';
  /** Text or content blocks; a text is equivalent to one block `{ type: 'text', text }`. */
  content: string | ContentBlock[];
  [field: string]: unknown;
}

/** A tool that the model may call: a custom one, which the caller runs, or one that the provider defines. */
export interface ToolDefinition {
  /** A type that the provider defines, such as `web_search_20260318`. Default: `custom`. */
  type?: string;
  name?: string;
  description?: string;
  /** JSON schema of the input; required for a custom tool. */
  input_schema?: Record<string, unknown>;
  [field: string]: unknown;
}

/**
 * A request for one completion. Exactly one of `prompt` and `messages` is required.
 *
 * The fields are those of Anthropic's Messages API, with the same meaning. An executor that cannot honour a field
 * refuses the request with `UnsupportedParameterError`; it never drops a field silently. The `anthropic` executor
 * sends fields that this package does not know unchanged; others refuse them. Everything except `metadata.user_id`
 * and the headers named at `headers` influences the answer and belongs in a cache key.
 *
 * @example
 * const request: CompletionRequest = { prompt: 'Summarise: …', max_tokens: 200 };
 */
export interface CompletionRequest {
  /** The user's text; equivalent to `messages` with this single turn of the user. */
  prompt?: string;
  /** A conversation, oldest turn first. */
  messages?: CompletionMessage[];
  /** Model or alias; the executor's default when absent. */
  model?: string;
  /** System prompt: text, or content blocks of type `text`. */
  system?: string | ContentBlock[];
  /** Maximum length of the answer, in tokens. A truncated answer has `stopReason: 'max_tokens'`. */
  max_tokens?: number;
  /** Sampling temperature, 0 to 1. */
  temperature?: number;
  /** Nucleus sampling, 0 to 1. */
  top_p?: number;
  /** Samples only from the `top_k` most likely tokens. */
  top_k?: number;
  /** Texts that end the answer; `stopReason` is then `stop_sequence`. */
  stop_sequences?: string[];
  /** Tools that the model may call; `stopReason` is then `tool_use`. */
  tools?: ToolDefinition[];
  /** Whether the model may, must or must not call a tool: `{ type: 'auto' | 'any' | 'tool' | 'none', … }`. */
  tool_choice?: TypedObject | null;
  /** How the model thinks before it answers: `{ type: 'adaptive' | 'enabled' | 'disabled', … }`. */
  thinking?: TypedObject | null;
  /** Effort and format of the answer: `{ effort: 'low', format: { type: 'json_schema', schema } }`. */
  output_config?: Record<string, unknown> | null;
  /** Lets the provider cache the beginning of the prompt for later requests, at different prices. */
  cache_control?: TypedObject | null;
  /** Only for the provider; its `user_id` does not influence the answer and is not part of a cache key. */
  metadata?: RequestMetadata | null;
  /**
   * Headers for the provider, with names in lower case: `anthropic-beta`, `anthropic-version` and every other
   * `anthropic-…`. `x-claude-code-…` and `anthropic-dangerous-direct-browser-access` do not influence the answer.
   * Default: none.
   */
  headers?: Readonly<Record<string, string>>;
  /** A field that this package does not know. */
  [field: string]: unknown;
}

/** An object whose `type` determines its other fields. */
export interface TypedObject {
  type: string;
  [field: string]: unknown;
}

/** What the provider learns about the sender. */
export interface RequestMetadata {
  /** Opaque id of the end user, which helps the provider to detect abuse. Never a name or an address. */
  user_id?: string | null;
  [field: string]: unknown;
}

/**
 * Tokens read and written for one completion, in the form of the Messages API, with any further fields that the
 * provider reports.
 *
 * Where the two `cache_…` fields are present, their tokens are not included in `input_tokens`: the whole input is
 * the sum of the three.
 */
export interface TokenUsage {
  input_tokens: number;
  output_tokens: number;
  /** Tokens that the provider wrote to its own prompt cache. */
  cache_creation_input_tokens?: number | null;
  /** Tokens that the provider read from its own prompt cache. */
  cache_read_input_tokens?: number | null;
  [field: string]: unknown;
}

/** A part of a message or an answer, in the form of the Messages API; `{ type: 'text', text }` for plain text. */
export interface ContentBlock {
  type: string;
  text?: string;
  [field: string]: unknown;
}

/** What an executor returns. */
export interface Completion {
  /** The text of the answer. */
  completion: string;
  usage: TokenUsage;
  /** US dollars; 0 when the execution was free. */
  cost: number;
  /** The model that answered, by its own name. */
  model: string;
  /** `end_turn`, `max_tokens`, `stop_sequence`, `tool_use`, `refusal`, … */
  stopReason: string;
  /** The entry of `stop_sequences` that ended the answer. */
  stopSequence?: string | null;
  /** Further details of the stop reason, such as the category of a refusal. */
  stopDetails?: TypedObject | null;
  content: ContentBlock[];
  /** Further fields of the provider's message, such as `container`. */
  extra?: Record<string, unknown>;
}
