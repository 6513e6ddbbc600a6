import type { CompletionEvent } from '../../contract/completion-event.js';

type Fields = Record<string, unknown>;

/**
 * Makes the message of the events of the API's stream: every field that an event carries and nothing else. Fields and
 * deltas of unknown types are kept, too.
 *
 * @example
 * const collector = new MessageCollector();
 * for await (const event of events) collector.add(event);
 * const message = collector.message;
 */
export class MessageCollector {
  #message: Fields | undefined;
  #isComplete = false;
  readonly #content: Fields[] = [];
  /** JSON of the inputs of blocks that have not ended. */
  readonly #inputs = new Map<number, string>();

  add(event: CompletionEvent): void {
    switch (event.type) {
      case 'message_start':
        this.#message = { ...fieldsOf(event['message']), content: this.#content };
        break;
      case 'content_block_start':
        this.#content[Number(event['index'])] = { ...fieldsOf(event['content_block']) };
        break;
      case 'content_block_delta':
        this.#addDelta(Number(event['index']), fieldsOf(event['delta']));
        break;
      case 'content_block_stop':
        this.#endBlock(Number(event['index']));
        break;
      case 'message_delta':
        this.#addTotals(event);
        break;
      case 'message_stop':
        this.#isComplete = this.#message !== undefined;
    }
  }

  /** The message; `undefined` before its last event. */
  get message(): Fields | undefined {
    return this.#isComplete ? this.#message : undefined;
  }

  #addDelta(index: number, { type, ...delta }: Fields): void {
    const block = this.#content[index];
    if (block === undefined) return;
    if (type === 'input_json_delta') {
      this.#inputs.set(index, (this.#inputs.get(index) ?? '') + String(delta['partial_json']));
    } else if (type === 'citations_delta') {
      block['citations'] = [...listOf(block['citations']), delta['citation']];
    } else {
      for (const [field, value] of Object.entries(delta)) block[field] = appended(block[field], value);
    }
  }

  #endBlock(index: number): void {
    const json = this.#inputs.get(index);
    const block = this.#content[index];
    this.#inputs.delete(index);
    if (json && block !== undefined) block['input'] = parsed(json) ?? block['input'];
  }

  #addTotals({ type: _, delta, usage, ...more }: CompletionEvent): void {
    const message = this.#message;
    if (message === undefined) return;
    merge(message, { ...fieldsOf(delta), ...more });
    const total = { ...fieldsOf(message['usage']) };
    merge(total, fieldsOf(usage));
    message['usage'] = total;
  }
}

function fieldsOf(value: unknown): Fields {
  return Object(value) as Fields;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Texts of deltas continue each other; any other value replaces the previous one. */
function appended(before: unknown, value: unknown): unknown {
  return typeof before === 'string' && typeof value === 'string' ? before + value : value;
}

/** `undefined` for JSON that was cut off by `max_tokens`. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Takes over the fields of `from`; null means that there is nothing new to say about a field. */
function merge(into: Fields, from: Fields): void {
  for (const [field, value] of Object.entries(from)) {
    if (value !== null || !(field in into)) into[field] = value;
  }
}
