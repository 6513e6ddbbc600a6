import { z } from 'zod';

/** An object whose unknown fields are errors. */
const strictObject = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: ({ code }) => (code === 'unrecognized_keys' ? 'is not a known field' : 'must be an object'),
  });

// Content blocks

const string = z.string({ error: 'must be a string' });

/** A string that is not blank. */
const text = string.regex(/\S/, { error: 'must not be empty' });

/** An object of which only the type is validated here; the rest is validated by the service. */
const typedObject = z.looseObject({ type: text }, { error: 'must be an object' });

const anyObject = z.looseObject({}, { error: 'must be an object' });

const textBlock = z.looseObject({ type: z.literal('text'), text });
const imageBlock = z.looseObject({ type: z.literal('image'), source: typedObject });
const documentBlock = z.looseObject({ type: z.literal('document'), source: typedObject });
const searchResultBlock = z.looseObject({
  type: z.literal('search_result'),
  source: text,
  title: text,
  content: z.array(textBlock, { error: 'must be an array' }),
});

const BLOCK_ERROR = { error: 'must be the type of a known content block' };
const CONTENT_ERROR = { error: 'must be a string or an array of content blocks' };

const mediaBlock = z.discriminatedUnion(
  'type',
  [textBlock, imageBlock, documentBlock, searchResultBlock],
  BLOCK_ERROR,
);

const resultContent = z.union([string, z.array(mediaBlock)], CONTENT_ERROR);

const messageBlock = z.discriminatedUnion(
  'type',
  [
    textBlock,
    imageBlock,
    documentBlock,
    searchResultBlock,
    z.looseObject({ type: z.literal('thinking'), thinking: string, signature: string }),
    z.looseObject({ type: z.literal('redacted_thinking'), data: string }),
    z.looseObject({ type: z.literal('tool_use'), id: text, name: text, input: anyObject }),
    z.looseObject({ type: z.literal('tool_result'), tool_use_id: text, content: resultContent.optional() }),
  ],
  BLOCK_ERROR,
);

const systemBlock = z.discriminatedUnion('type', [textBlock], {
  error: 'must be text: a system prompt holds nothing else',
});

const contentOf = <Block extends z.ZodType>(block: Block) =>
  z.union([text, z.array(block).min(1, { error: 'must not be empty' })], CONTENT_ERROR);

// Fields of a request

const wholeNumberFrom = (min: number) => {
  const error = `must be a whole number of at least ${min}`;
  return z.int({ error }).min(min, { error });
};

const FRACTION = { error: 'must be a number from 0 to 1' };
const fraction = z.number(FRACTION).min(0, FRACTION).max(1, FRACTION);

const ARRAY = { error: 'must be an array' };

const message = strictObject({
  role: z.enum(['user', 'assistant'], { error: 'must be user or assistant' }),
  content: contentOf(messageBlock),
});

const tool = z.looseObject({ name: text, input_schema: anyObject }, { error: 'must be an object' });

/** The form of a request, as far as it is the same for every executor. */
export const requestSchema = strictObject({
  prompt: text.optional(),
  messages: z.array(message, ARRAY).min(1, { error: 'must not be empty' }).optional(),
  model: text.optional(),
  system: contentOf(systemBlock).optional(),
  max_tokens: wholeNumberFrom(1).optional(),
  temperature: fraction.optional(),
  top_p: fraction.optional(),
  top_k: wholeNumberFrom(0).optional(),
  stop_sequences: z.array(text, ARRAY).optional(),
  tools: z.array(tool, ARRAY).optional(),
  tool_choice: typedObject.optional(),
  thinking: typedObject.optional(),
  output_config: anyObject.optional(),
  cache_control: typedObject.optional(),
  metadata: strictObject({ user_id: string.nullish() }).optional(),
});
