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

const resultContentOf = <Block extends z.ZodType>(block: Block) =>
  z.union([string, z.array(block)], CONTENT_ERROR).optional();

const turnBlocks = [
  z.looseObject({ type: z.literal('thinking'), thinking: string, signature: string }),
  z.looseObject({ type: z.literal('redacted_thinking'), data: string }),
  z.looseObject({ type: z.literal('tool_use'), id: text, name: text, input: anyObject }),
] as const;

const messageBlock = z.discriminatedUnion(
  'type',
  [
    textBlock,
    imageBlock,
    documentBlock,
    searchResultBlock,
    ...turnBlocks,
    z.looseObject({
      type: z.literal('tool_result'),
      tool_use_id: text,
      content: resultContentOf(mediaBlock),
    }),
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

const headers = z.record(z.string(), string, { error: 'must be an object of strings' }).optional();

/** The form of a request of which every field and every type of block is known. */
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
  headers,
});

// Requests that may contain what this package does not know

/** Validates the types of blocks in `known`; a block of another type needs no more than its type. */
const openBlock = (known: Readonly<Record<string, z.ZodType>>) =>
  typedObject.superRefine((block, context) => {
    // Most blocks of a large request are texts.
    if (block.type === 'text' && typeof block['text'] === 'string') return;
    const schema = Object.hasOwn(known, block.type) ? known[block.type] : undefined;
    for (const issue of schema?.safeParse(block).error?.issues ?? []) {
      context.addIssue({ code: 'custom', path: issue.path, message: issue.message });
    }
  });

// Whether an empty text is accepted is left to the service.
const openText = z.looseObject({ text: string });

const openMedia = { text: openText, image: imageBlock, document: documentBlock };

const [thinkingBlock, redactedBlock, toolUseBlock] = turnBlocks;

const openTurn = {
  ...openMedia,
  thinking: thinkingBlock,
  redacted_thinking: redactedBlock,
  tool_use: toolUseBlock,
  tool_result: z.looseObject({ tool_use_id: text, content: resultContentOf(openBlock(openMedia)) }),
};

const openContentOf = <Block extends z.ZodType>(block: Block) =>
  z.union([string, z.array(block)], CONTENT_ERROR);

const ROLES = ['user', 'assistant', 'system'] as const;

const openMessage = z.looseObject(
  {
    role: z.enum(ROLES, { error: 'must be user, assistant or system' }),
    content: openContentOf(openBlock(openTurn)),
  },
  { error: 'must be an object' },
);

const isCustom = ({ type }: { type?: unknown }) => type === undefined || type === null || type === 'custom';

/** A custom tool has a name and a schema; the provider defines all others. */
const openTool = anyObject.superRefine((given, context) => {
  for (const issue of (isCustom(given) && tool.safeParse(given).error?.issues) || []) {
    context.addIssue({ code: 'custom', path: issue.path, message: issue.message });
  }
});

/** The form of a request that may have further fields, types of blocks and types of tools. */
export const openRequestSchema = z.looseObject({
  prompt: text.optional(),
  messages: z.array(openMessage, ARRAY).min(1, { error: 'must not be empty' }).optional(),
  model: text.optional(),
  system: openContentOf(openBlock({ text: openText })).nullish(),
  max_tokens: wholeNumberFrom(0).optional(),
  temperature: fraction.nullish(),
  top_p: fraction.nullish(),
  top_k: wholeNumberFrom(0).nullish(),
  stop_sequences: z.array(string, ARRAY).nullish(),
  tools: z.array(openTool, ARRAY).nullish(),
  tool_choice: typedObject.nullish(),
  thinking: typedObject.nullish(),
  output_config: anyObject.nullish(),
  cache_control: typedObject.nullish(),
  metadata: z.looseObject({ user_id: string.nullish() }).nullish(),
  headers,
});
