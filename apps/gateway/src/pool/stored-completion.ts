import type { Completion, ContentBlock, TaskResult, TokenUsage } from 'nestjs-worker-pool';

/** The part of a completed result that is kept. */
export function toCompletion(result: TaskResult): Completion {
  return toStored({
    completion: result.completion ?? '',
    usage: result.usage ?? { input_tokens: 0, output_tokens: 0 },
    cost: result.cost ?? 0,
    model: result.model ?? '',
    stopReason: result.stopReason ?? '',
    stopSequence: result.stopSequence,
    stopDetails: result.stopDetails,
    content: result.content ?? [],
  });
}

/**
 * The form in which an answer is stored: the small facts first and the text last, so that a hit can be answered
 * without reading the text (see `answerOfBytes`). Content that is only this text is left out; `withContent` and
 * `toMessage` put it back.
 */
export function toStored(answer: Completion): Completion {
  const { completion, usage, cost, model, stopReason, stopSequence, stopDetails, content } = answer;
  const rest = isOnly(completion, content) ? {} : { content };
  return { usage, cost, model, stopReason, stopSequence, stopDetails, ...rest, completion } as Completion;
}

/** A stored answer with its content, though it be only its text. */
export function withContent(stored: Completion): Completion {
  const { completion: text, content = [{ type: 'text', text }] } = stored;
  return { ...stored, content };
}

function isOnly(text: string, content: readonly ContentBlock[] | undefined): boolean {
  if (content === undefined) return true;
  const [block] = content;
  if (block === undefined || content.length > 1) return false;
  return block.type === 'text' && block['text'] === text && Object.keys(block).length === 2;
}

/**
 * Whether a value found under a key is one of ours, so far that it can be sent and counted: JSON of another program
 * is a hit as well, which may name no model and hold the text alone.
 */
export function isCompletion(value: unknown): value is Completion {
  if (typeof value !== 'object' || value === null) return false;
  const { completion, usage, cost, model = '', content = [] } = value as Partial<Completion>;
  const isText = typeof completion === 'string' && typeof model === 'string';
  return isText && isAmount(cost) && isUsage(usage) && Array.isArray(content) && content.every(isBlock);
}

function isUsage(usage: unknown): boolean {
  const { input_tokens, output_tokens, ...more } = Object(usage) as Partial<TokenUsage>;
  const { cache_creation_input_tokens: stored, cache_read_input_tokens: reread } = more;
  return [input_tokens, output_tokens, stored ?? 0, reread ?? 0].every(isAmount);
}

/** Whether it can be added up. */
function isAmount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function isBlock(block: unknown): boolean {
  return typeof block === 'object' && block !== null && 'type' in block && typeof block.type === 'string';
}

/** How an answer ends that is whole: by itself, at a text that the request named, or by asking for a tool. */
const WHOLE_ENDS: ReadonlySet<string> = new Set(['end_turn', 'stop_sequence', 'tool_use']);

/** Whether an answer is one to give again: a refusal or one that was cut off is not. */
export function isWhole(value: unknown): boolean {
  return isCompletion(value) && WHOLE_ENDS.has(value.stopReason);
}
