import { z } from 'zod';
import { anyObject, messageContent, systemContent, text, typedObject } from './content.schema.js';

const message = z.strictObject(
  {
    role: z.enum(['user', 'assistant'], { error: 'must be user or assistant' }),
    content: messageContent,
  },
  { error: 'must be an object' },
);

const tool = z.looseObject({ name: text, input_schema: anyObject }, { error: 'must be an object' });

const metadata = z.strictObject(
  { user_id: z.string({ error: 'must be a string' }).nullish() },
  { error: 'must be an object' },
);

const wholeNumber = (min: number) => {
  const error = `must be a whole number of at least ${min}`;
  return z.int({ error }).min(min, { error });
};

const FRACTION = { error: 'must be a number from 0 to 1' };
const fraction = z.number(FRACTION).min(0, FRACTION).max(1, FRACTION);

const ARRAY = { error: 'must be an array' };

/** The form of a request, as far as it is the same for every executor. */
export const requestSchema = z.strictObject(
  {
    prompt: text.optional(),
    messages: z.array(message, ARRAY).min(1, { error: 'must not be empty' }).optional(),
    model: text.optional(),
    system: systemContent.optional(),
    max_tokens: wholeNumber(1).optional(),
    temperature: fraction.optional(),
    top_p: fraction.optional(),
    top_k: wholeNumber(0).optional(),
    stop_sequences: z.array(text, ARRAY).optional(),
    tools: z.array(tool, ARRAY).optional(),
    tool_choice: typedObject.optional(),
    thinking: typedObject.optional(),
    output_config: anyObject.optional(),
    cache_control: typedObject.optional(),
    metadata: metadata.optional(),
  },
  { error: 'must be an object' },
);
