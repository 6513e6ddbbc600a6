import type { Completion, CompletionEvent, ContentBlock } from 'nestjs-worker-pool';
import type { CompletionAnswer } from '../completions/completion-call.js';
import type { StreamFormat } from '../completions/completion-streams.js';
import { messageEvents, toMessage } from '../completions/message-events.js';
import type { ProblemError } from '../http/problem.js';
import { chatId, createdAt, finishReasonOf, isToolUse, refusalOf, usageOf } from './chat-completion.js';
import { chatErrorBody } from './chat-error.js';

const DONE = 'data: [DONE]\n\n';

/** A function call whose arguments are being sent. */
interface OpenCall {
  readonly index: number;
  readonly input: unknown;
  hasArguments: boolean;
}

/** Renders one response as the chunks of OpenAI's API. To be used for that response only. */
export class ChatStreamFormat implements StreamFormat {
  readonly ping = ': ping\n\n';
  readonly #id = chatId();
  #created = createdAt(null);
  #model = '';
  #calls = 0;
  #open: OpenCall | undefined;

  /** @param includeUsage whether the last chunk reports the usage */
  constructor(private readonly includeUsage: boolean) {}

  stored({ result: { value, ageSeconds } }: CompletionAnswer): string {
    this.#created = createdAt(ageSeconds);
    const events = messageEvents({ id: this.#id, ...toMessage(value) });
    return events.map((event) => this.event(event)).join('') + this.end(value);
  }

  event(event: CompletionEvent): string {
    switch (event.type) {
      case 'message_start':
        return this.#begin(event['message'] as { model?: unknown });
      case 'content_block_start':
        return this.#beginBlock(event['content_block'] as ContentBlock);
      case 'content_block_delta':
        return this.#continueBlock(event['delta'] as Delta);
      case 'content_block_stop':
        return this.#endBlock();
      default:
        return '';
    }
  }

  end(value: Completion): string {
    const refusal = refusalOf(value);
    const last = this.#chunk(refusal === null ? {} : { refusal }, finishReasonOf(value));
    return last + this.#usage(value) + DONE;
  }

  error(error: ProblemError, requestId: string): string {
    return data(chatErrorBody(error, requestId));
  }

  #begin({ model }: { model?: unknown }): string {
    this.#model = String(model ?? '');
    return this.#chunk({ role: 'assistant', content: '', refusal: null });
  }

  #beginBlock(block: ContentBlock): string {
    if (!isToolUse(block)) return this.#text(block.type === 'text' ? block.text : '');
    const { id, name, input } = block;
    this.#open = { index: this.#calls, input, hasArguments: false };
    this.#calls += 1;
    return this.#call({ id, type: 'function', function: { name, arguments: '' } });
  }

  #continueBlock({ type, text, partial_json: json }: Delta): string {
    if (type === 'text_delta') return this.#text(text);
    return type === 'input_json_delta' ? this.#arguments(json) : '';
  }

  /** A call without arguments has an empty object: clients parse what they get. */
  #endBlock(): string {
    const { hasArguments, input } = this.#open ?? { hasArguments: true };
    const missing = hasArguments ? '' : this.#arguments(JSON.stringify(input ?? {}));
    this.#open = undefined;
    return missing;
  }

  #text(text: unknown): string {
    return typeof text === 'string' && text !== '' ? this.#chunk({ content: text }) : '';
  }

  #arguments(json: unknown): string {
    if (this.#open === undefined || typeof json !== 'string' || json === '') return '';
    this.#open.hasArguments = true;
    return this.#call({ function: { arguments: json } });
  }

  #call(part: object): string {
    return this.#chunk({ tool_calls: [{ index: this.#open!.index, ...part }] });
  }

  #chunk(delta: object, finishReason: string | null = null): string {
    const choice = { index: 0, delta, logprobs: null, finish_reason: finishReason };
    return data({ ...this.#head(), choices: [choice], ...(this.includeUsage && { usage: null }) });
  }

  #usage(value: Completion): string {
    return this.includeUsage ? data({ ...this.#head(), choices: [], usage: usageOf(value) ?? null }) : '';
  }

  #head(): object {
    return { id: this.#id, object: 'chat.completion.chunk', created: this.#created, model: this.#model };
  }
}

/** What a block gets next. */
interface Delta {
  readonly type?: unknown;
  readonly text?: unknown;
  readonly partial_json?: unknown;
}

/** A Server-Sent Event without a name. */
function data(value: object): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}
