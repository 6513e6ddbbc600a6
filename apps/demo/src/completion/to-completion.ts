import type { Completion, TaskResult } from 'nestjs-worker-pool';

/** The part of a completed result that is kept. */
export function toCompletion(result: TaskResult): Completion {
  return {
    completion: result.completion ?? '',
    usage: result.usage ?? { input_tokens: 0, output_tokens: 0 },
    cost: result.cost ?? 0,
    model: result.model ?? '',
    stopReason: result.stopReason ?? '',
    stopSequence: result.stopSequence,
    stopDetails: result.stopDetails,
    content: result.content ?? [],
  };
}

/** Whether a value found under a key is one of ours: JSON of another program is a hit as well. */
export function isCompletion(value: unknown): value is Completion {
  if (typeof value !== 'object' || value === null) return false;
  const { completion, usage, cost } = value as Partial<Completion>;
  return (
    typeof completion === 'string' && typeof usage === 'object' && usage !== null && typeof cost === 'number'
  );
}

/** How an answer ends that is whole: by itself, at a text that the request named, or by asking for a tool. */
const WHOLE_ENDS: ReadonlySet<string> = new Set(['end_turn', 'stop_sequence', 'tool_use']);

/** Whether an answer is one to give again: a refusal or one that was cut off is not. */
export function isWhole(value: unknown): boolean {
  return isCompletion(value) && WHOLE_ENDS.has(value.stopReason);
}
