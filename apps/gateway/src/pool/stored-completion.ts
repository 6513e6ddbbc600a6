import type { Completion, ContentBlock, TaskResult, TokenUsage } from 'nestjs-worker-pool';

/** The part of a completed task's result that is cached. */
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
    ...(result.extra && { extra: result.extra }),
  });
}

/**
 * The form in which a completion is stored: the small fields first and the text last. Content that consists of this text
 * alone is left out; `withContent` and `toMessage` restore it.
 */
export function toStored(full: Completion): Completion {
  const { completion, usage, cost, model, stopReason, stopSequence, stopDetails, content, extra } = full;
  const rest = { ...(!isOnly(completion, content) && { content }), ...(extra && { extra }) };
  return { usage, cost, model, stopReason, stopSequence, stopDetails, ...rest, completion } as Completion;
}

/** A stored completion with its content, restored from the text where it was left out. */
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
 * Whether a cached value has the fields that sending and counting it need. JSON written by another program is a hit as
 * well; it may name no model and consist of the text alone.
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

/** Whether the value can be summed. */
function isAmount(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function isBlock(block: unknown): boolean {
  return typeof block === 'object' && block !== null && 'type' in block && typeof block.type === 'string';
}

/** Stop reasons of a complete answer: a natural end, a stop sequence, a tool call. */
const COMPLETE_STOPS: ReadonlySet<string> = new Set(['end_turn', 'stop_sequence', 'tool_use']);

/**
 * Whether a completion may be cached. Refusals and truncated answers may not, and neither may answers that name a
 * container or a thread: the provider keeps these for a while only, and a conversation would continue in them.
 */
export function isWhole(value: unknown): boolean {
  if (!isCompletion(value)) return false;
  const { container = null, thread = null } = value.extra ?? {};
  return COMPLETE_STOPS.has(value.stopReason) && container === null && thread === null;
}

/** The same fields with 0 in place of every number. */
export function zeroed<T>(value: T): T;
export function zeroed(value: unknown): unknown {
  if (typeof value === 'number') return 0;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, zeroed(item)]));
}
