import { z } from 'zod';
import { listOf } from '../http/zod-list.js';

/** Error texts of a required field: missing, or of another type. */
const needed = (must: string) => ({
  error: ({ input }: { input?: unknown }) => (input === undefined ? 'is required' : must),
});

const text = z.string(needed('must be a string'));

/** An object without other fields than these. */
const object = <Shape extends z.ZodRawShape>(shape: Shape) =>
  z.strictObject(shape, needed('must be an object'));

/** A field that only has an effect the gateway cannot have. Without a value it says nothing. */
const unsupported = (reason: string) => z.null({ error: `is not supported: ${reason}` }).optional();

/** A field that may only have the values that change nothing. */
const only = <const Values extends readonly (string | number | boolean)[]>(
  values: Values,
  reason: string,
) => {
  const allowed = values.map((value) => JSON.stringify(value)).join(' or ');
  return z.literal(values, { error: `must be ${allowed}: ${reason}` }).nullish();
};

// Content

const textPart = object({ type: z.literal('text'), text });
const imagePart = object({
  type: z.literal('image_url'),
  image_url: object({
    url: text,
    detail: z
      .enum(['auto', 'low', 'high', 'original'])
      .nullish()
      .meta({ description: 'Accepted, without effect' }),
  }),
});
const filePart = object({
  type: z.literal('file'),
  file: object({
    file_data: text,
    filename: text.nullish(),
    file_id: unsupported('the gateway keeps no files; send file_data'),
  }),
});
const refusalPart = object({ type: z.literal('refusal'), refusal: text });

const CONTENT = 'must be a string or an array of content parts';

const contentOf = <Part extends z.ZodType>(part: Part) =>
  z.union([z.string(), listOf(part, CONTENT)], needed(CONTENT));

const partType = (types: string) => ({ error: `must be ${types}` });

const textContent = contentOf(z.discriminatedUnion('type', [textPart], partType('text')));
const userContent = contentOf(
  z.discriminatedUnion('type', [textPart, imagePart, filePart], partType('text, image_url or file')),
);
const assistantContent = contentOf(
  z.discriminatedUnion('type', [textPart, refusalPart], partType('text or refusal')),
);

// Messages

const name = unsupported('the model cannot tell participants apart; write the name into the content');

/** Fields that clients add to what the model has said and called. They repeat what its other fields say. */
const echoed = z.unknown().optional();

const toolCall = object({
  id: text,
  type: z.literal('function', { error: 'must be function: there are no custom tools' }),
  function: object({ name: text, arguments: text, parsed_arguments: echoed }),
  index: echoed,
});

const instructions = <const Role extends string>(role: Role) =>
  object({ role: z.literal(role), content: textContent, name });

const assistantMessage = object({
  role: z.literal('assistant'),
  content: assistantContent.nullish(),
  refusal: text.nullish(),
  tool_calls: listOf(toolCall, 'must be an array').nullish(),
  function_call: unsupported('use tool_calls'),
  audio: unsupported('the model has no audio'),
  name: echoed,
  annotations: echoed,
  parsed: echoed,
});

const message = z.discriminatedUnion(
  'role',
  [
    instructions('system'),
    instructions('developer'),
    object({ role: z.literal('user'), content: userContent, name }),
    assistantMessage,
    object({ role: z.literal('tool'), content: textContent, tool_call_id: text, name: echoed }),
  ],
  { error: 'must be system, developer, user, assistant or tool' },
);

export type ChatMessage = z.output<typeof message>;
export type AssistantMessage = z.output<typeof assistantMessage>;
export type ContentPart = z.output<typeof textPart | typeof imagePart | typeof filePart | typeof refusalPart>;

// Tools

const anyObject = z.looseObject({}, { error: 'must be an object' });

const tool = object({
  type: z.literal('function', { error: 'must be function: there are no custom tools' }),
  function: object({
    name: text,
    description: text.nullish(),
    parameters: anyObject.nullish(),
    strict: z.boolean('must be true or false').nullish(),
  }),
});

const TOOL_CHOICE = 'must be "none", "auto", "required" or { type: "function", function: { name } }';

const toolChoice = z.union(
  [
    z.enum(['none', 'auto', 'required']),
    z.discriminatedUnion(
      'type',
      [object({ type: z.literal('function'), function: object({ name: text }) })],
      { error: TOOL_CHOICE },
    ),
  ],
  { error: TOOL_CHOICE },
);

export type ChatTool = z.output<typeof tool>;
export type ChatToolChoice = z.output<typeof toolChoice>;

// The answer

const responseFormat = z.discriminatedUnion(
  'type',
  [
    object({ type: z.literal('text') }),
    object({ type: z.literal('json_object') }),
    object({
      type: z.literal('json_schema'),
      json_schema: object({
        name: text,
        description: text.nullish(),
        schema: anyObject,
        strict: z.boolean('must be true or false').nullish(),
      }),
    }),
  ],
  { error: 'must be text, json_object or json_schema' },
);

const streamOptions = object({
  include_usage: z.boolean('must be true or false').nullish(),
  include_obfuscation: only([false], 'the gateway does not obfuscate streams'),
});

const isEmpty = (value: object): boolean => Object.keys(value).length === 0;

const EFFORTS = ['low', 'medium', 'high', 'xhigh', 'max'] as const;
const ONE_MODEL = 'the model has no such setting';

/**
 * Body of `POST /v1/chat/completions`. The values of `model`, `max_tokens`, `temperature`, `top_p` and `stop` are checked
 * by the executor, as those of `POST /v1/messages`.
 */
export const chatBody = object({
  model: text.min(1, 'must not be empty'),
  messages: listOf(message, needed('must be an array')),
  max_tokens: z.number('must be a number').nullish(),
  max_completion_tokens: z.number('must be a number').nullish(),
  temperature: z.number('must be a number').nullish(),
  top_p: z.number('must be a number').nullish(),
  stop: z.union([z.string(), z.array(z.string())], { error: 'must be a string or strings' }).nullish(),
  stream: z.boolean('must be true or false').nullish(),
  stream_options: streamOptions.nullish(),
  tools: listOf(tool, 'must be an array').nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean('must be true or false').nullish(),
  response_format: responseFormat.nullish(),
  reasoning_effort: z.enum(EFFORTS, `must be one of ${EFFORTS.join(', ')}`).nullish(),
  seed: z.int('must be a whole number').nullish().meta({
    description: 'Part of the cache key only: the same seed gets the stored answer, another seed another one',
  }),
  user: text.nullish(),
  safety_identifier: text.nullish(),

  // Without an effect here, and without influence on the answer
  metadata: z.looseObject({}).nullish().meta({ description: 'Accepted, without effect' }),
  prompt_cache_key: text.nullish().meta({ description: 'Accepted, without effect' }),
  prompt_cache_retention: text.nullish().meta({ description: 'Accepted, without effect' }),

  n: only([1], 'a request has one answer; another one needs another request'),
  store: only([false], 'the gateway keeps no answers that can be listed'),
  service_tier: only(['auto', 'default'], 'the gateway has one tier'),
  logprobs: only([false], 'the model reports no probabilities'),
  top_logprobs: only([0], 'the model reports no probabilities'),
  frequency_penalty: only([0], ONE_MODEL),
  presence_penalty: only([0], ONE_MODEL),
  verbosity: only(['medium'], ONE_MODEL),
  logit_bias: anyObject.refine(isEmpty, `must be empty: ${ONE_MODEL}`).nullish(),
  modalities: z.tuple([z.literal('text')], { error: 'must be ["text"]: the model has no audio' }).nullish(),
  audio: unsupported('the model has no audio'),
  functions: unsupported('use tools'),
  function_call: unsupported('use tool_choice'),
  prediction: unsupported(ONE_MODEL),
  moderation: unsupported(ONE_MODEL),
  prompt_cache_options: unsupported('the gateway decides what it caches'),
  web_search_options: unsupported('use POST /v1/messages with the tool web_search'),
});

export type ChatBody = z.output<typeof chatBody>;
