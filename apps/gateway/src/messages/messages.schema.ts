import { z } from 'zod';

/** Says that a field is missing, or what it must be. */
const needed = (must: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? 'is required' : must),
});

const WHOLE = 'must be a whole number of at least 1';

const typed = z.looseObject({ type: z.string() }, { error: 'must be an object with a type' });
const content = z.union(
  [z.string(), z.array(typed)],
  needed('must be a string or an array of content blocks'),
);
const message = z.looseObject(
  { role: z.enum(['user', 'assistant'], needed('must be user or assistant')), content },
  { error: 'must be an object' },
);

/**
 * Body of `POST /v1/messages`: the fields of the Messages API that the gateway can honour. What they hold in
 * detail is checked by the executor, which knows what it can do.
 */
export const messagesBody = z.strictObject({
  model: z.string(needed('must be a string')).min(1, 'must not be empty'),
  max_tokens: z.int(needed(WHOLE)).min(1, WHOLE),
  messages: z.array(message, needed('must be an array')),
  system: content.optional(),
  stop_sequences: z.array(z.string()).optional(),
  temperature: z.number().optional(),
  top_p: z.number().optional(),
  top_k: z.int().optional(),
  tools: z.array(z.looseObject({ name: z.string(), input_schema: z.looseObject({}).optional() })).optional(),
  tool_choice: typed.optional(),
  thinking: typed.optional(),
  output_config: z.looseObject({}).optional(),
  cache_control: typed.nullish(),
  metadata: z.looseObject({ user_id: z.string().nullish() }).optional(),
  stream: z.boolean().optional(),
});

export type MessagesBody = z.output<typeof messagesBody>;

/** Body of `POST /v1/messages/count_tokens`: the fields that are input. */
export const countTokensBody = messagesBody.pick({
  model: true,
  messages: true,
  system: true,
  tools: true,
  tool_choice: true,
  thinking: true,
  output_config: true,
  cache_control: true,
});

export type CountTokensBody = z.output<typeof countTokensBody>;
