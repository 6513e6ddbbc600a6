import { z } from 'zod';
import type { Completion, ContentBlock } from '../../contract/completion-request.js';
import { ExecutorError } from '../../errors/executor.error.js';

const tokens = z.number().nonnegative();

const messageSchema = z.looseObject({
  model: z.string(),
  stop_reason: z.string(),
  stop_sequence: z.string().nullish(),
  stop_details: z.looseObject({ type: z.string() }).nullish(),
  content: z.array(z.looseObject({ type: z.string() })),
  usage: z.looseObject({
    input_tokens: tokens,
    output_tokens: tokens,
    cache_creation_input_tokens: tokens.nullish(),
    cache_read_input_tokens: tokens.nullish(),
  }),
});

/**
 * The answer in a message of the API.
 *
 * @param costOf US dollars for what the named model read and wrote
 * @throws {ExecutorError} the message lacks what an answer has
 */
export function completionOf(
  message: unknown,
  costOf: (model: string, usage: Completion['usage']) => number,
): Completion {
  const parsed = messageSchema.safeParse(message);
  if (!parsed.success) {
    const field = parsed.error.issues[0]?.path.join('.');
    throw new ExecutorError(
      `the Anthropic API's message is not understood: ${field} is missing or has the wrong form`,
    );
  }
  const { model, usage, content, stop_reason, stop_sequence, stop_details } = parsed.data;
  return {
    completion: textOf(content),
    usage,
    cost: costOf(model, usage),
    model,
    stopReason: stop_reason,
    stopSequence: stop_sequence,
    stopDetails: stop_details,
    content,
  };
}

function textOf(content: readonly ContentBlock[]): string {
  return content.map(({ type, text }) => (type === 'text' && text) || '').join('');
}
