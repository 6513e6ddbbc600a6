import type { CompletionRequest } from 'nestjs-worker-pool';
import type { CompletionOrder } from './completion-call.js';

/** Longer requests are hashed each time: what is remembered stays small. In UTF-16 code units. */
const MAX_TEXT_LENGTH = 8_192;
const MAX_ENTRIES = 1_000;
const PLAIN_FIELDS: ReadonlySet<string> = new Set(['prompt', 'model', 'system', 'max_tokens', 'temperature']);

/**
 * Remembers the keys of requests that come again and again: finding one costs a fraction of hashing the
 * request. Two generations, so that what is asked for stays and what is not goes.
 */
export class KeyMemo {
  #young = new Map<string, string>();
  #old = new Map<string, string>();

  /** The key that was made for such an order before, or by `make`. What it throws is not remembered. */
  keyOf(order: CompletionOrder, make: (order: CompletionOrder) => string): string {
    const text = plainText(order);
    if (text === null) return make(order);
    const known = this.#young.get(text) ?? this.#old.get(text);
    const key = known ?? make(order);
    if (!this.#young.has(text)) this.#remember(text, key);
    return key;
  }

  #remember(text: string, key: string): void {
    if (this.#young.size >= MAX_ENTRIES) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, key);
  }
}

/** A text that no other order has; `null` for long ones, and for those with fields of other forms. */
function plainText({ tenant, request }: CompletionOrder): string | null {
  const { prompt, model, system, max_tokens: maxTokens, temperature } = request;
  if (prompt === undefined || Array.isArray(system) || !isPlain(request)) return null;
  if (prompt.length + (system?.length ?? 0) > MAX_TEXT_LENGTH) return null;
  return `${tenant}\0${maxTokens}\0${temperature}\0${measured(model)}${measured(system)}${prompt}`;
}

function isPlain(request: CompletionRequest): boolean {
  for (const field in request) if (!PLAIN_FIELDS.has(field)) return false;
  return true;
}

// With its length, so that its end is where it seems to be.
function measured(text: string | undefined): string {
  return text === undefined ? '-' : `${text.length}:${text}`;
}
