import type { Completion, TaskResult } from 'nestjs-worker-pool';

/** The part of a completed result that is kept. */
export function toCompletion(result: TaskResult): Completion {
  return {
    completion: result.completion ?? '',
    usage: result.usage ?? { input_tokens: 0, output_tokens: 0 },
    cost: result.cost ?? 0,
    model: result.model ?? '',
    stopReason: result.stopReason ?? '',
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

/** Whether an answer is one to give again: a refusal or one that was cut off is not. */
export function isWhole(value: unknown): boolean {
  return isCompletion(value) && (value.stopReason === 'end_turn' || value.stopReason === 'stop_sequence');
}
