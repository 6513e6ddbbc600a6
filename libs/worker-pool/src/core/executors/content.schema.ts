import { z } from 'zod';

/** A text with something in it: white space alone counts as empty. */
export const text = z.string({ error: 'must be a string' }).regex(/\S/, { error: 'must not be empty' });

/** An object of which only the type is known here; what else it holds is for the service to judge. */
export const typedObject = z.looseObject({ type: text }, { error: 'must be an object' });

/** An object of any content. */
export const anyObject = z.looseObject({}, { error: 'must be an object' });

const string = z.string({ error: 'must be a string' });

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

const resultContent = z.union(
  [
    string,
    z.array(
      z.discriminatedUnion('type', [textBlock, imageBlock, documentBlock, searchResultBlock], BLOCK_ERROR),
    ),
  ],
  { error: 'must be a string or an array of content blocks' },
);

const block = z.discriminatedUnion(
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

const blocksOf = <Block extends z.ZodType>(one: Block) =>
  z.union([text, z.array(one).min(1, { error: 'must not be empty' })], {
    error: 'must be a string or an array of content blocks',
  });

/** What a turn of a conversation holds. */
export const messageContent = blocksOf(block);

/** What a system prompt holds. */
export const systemContent = blocksOf(
  z.discriminatedUnion('type', [textBlock], { error: 'must be text: a system prompt holds nothing else' }),
);
