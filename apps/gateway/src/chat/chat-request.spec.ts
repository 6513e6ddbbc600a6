import { describe, expect, it } from '@jest/globals';
import { chatBody } from './chat-body.js';
import { chatFieldOf } from './chat-fields.js';
import { toMessagesRequest } from './chat-request.js';

const USER = { role: 'user', content: 'Hello' };

const parse = (fields: object) => chatBody.parse({ model: 'm', messages: [USER], ...fields });

/** The request that a chat becomes, without the model. */
function translated(fields: object): object {
  const { model: _, ...request } = toMessagesRequest(parse(fields)).request;
  return request;
}

/** What a chat adds to the plainest request. */
function added(fields: object): object {
  const { messages: _, ...request } = translated(fields) as { messages: unknown };
  return request;
}

const refusal = (fields: object) => {
  try {
    return toMessagesRequest(parse(fields));
  } catch (error) {
    return (error as { more: { errors: object[] } }).more.errors[0];
  }
};

/** A call of a tool, as clients send it back. */
const call = (id: string, json: string) => ({
  id,
  type: 'function',
  function: { name: 'look', arguments: json, parsed_arguments: null },
});

describe('a chat in the form of the Messages API', () => {
  it('has its model and its messages', () => {
    expect(toMessagesRequest(parse({})).request).toEqual({ model: 'm', messages: [USER] });
  });

  it.each<[string, object, object]>([
    ['max_tokens', { max_tokens: 5 }, { max_tokens: 5 }],
    ['max_completion_tokens', { max_completion_tokens: 6 }, { max_tokens: 6 }],
    ['temperature and top_p', { temperature: 0.5, top_p: 1 }, { temperature: 0.5, top_p: 1 }],
    ['a stop sequence', { stop: 'END' }, { stop_sequences: ['END'] }],
    ['stop sequences', { stop: ['a', 'b'] }, { stop_sequences: ['a', 'b'] }],
    ['the end user', { user: 'u-1' }, { metadata: { user_id: 'u-1' } }],
    ['the current id of the end user', { user: 'a', safety_identifier: 'b' }, { metadata: { user_id: 'b' } }],
    ['an effort', { reasoning_effort: 'low' }, { output_config: { effort: 'low' } }],
    ['text', { response_format: { type: 'text' } }, {}],
    ['a call', { tool_choice: 'required' }, { tool_choice: { type: 'any' } }],
    ['a free choice', { tool_choice: 'auto' }, { tool_choice: { type: 'auto' } }],
    ['no call', { tool_choice: 'none' }, { tool_choice: { type: 'none' } }],
    [
      'a call of one function',
      { tool_choice: { type: 'function', function: { name: 'look' } } },
      { tool_choice: { type: 'tool', name: 'look' } },
    ],
    ['several calls at once, without tools', { parallel_tool_calls: false }, {}],
    [
      'a schema',
      {
        response_format: {
          type: 'json_schema',
          json_schema: { name: 'city', description: 'A city', strict: true, schema: { type: 'object' } },
        },
      },
      {
        output_config: {
          format: { type: 'json_schema', schema: { description: 'A city', type: 'object' } },
        },
      },
    ],
    [
      'fields without a value',
      { stop: null, tools: null, response_format: null, user: null, seed: null },
      {},
    ],
    [
      'fields without influence on the answer',
      {
        metadata: { a: 'b' },
        store: false,
        service_tier: 'auto',
        n: 1,
        logprobs: false,
        logit_bias: {},
        frequency_penalty: 0,
        modalities: ['text'],
        prompt_cache_key: 'k',
        seed: 1,
        stream: true,
        stream_options: { include_usage: true },
      },
      {},
    ],
  ])('with %s', (_name, fields, expected) => {
    expect(added(fields)).toEqual(expected);
  });

  it('with tools', () => {
    const look = { name: 'look', description: 'Looks.', strict: true, parameters: { type: 'object' } };
    const tools = [look, { name: 'wait', strict: false }].map((one) => ({ type: 'function', function: one }));
    expect(added({ tools, parallel_tool_calls: false })).toEqual({
      tools: [
        { name: 'look', description: 'Looks.', input_schema: { type: 'object' }, strict: true },
        { name: 'wait', input_schema: { type: 'object', properties: {} } },
      ],
      tool_choice: { type: 'auto', disable_parallel_tool_use: true },
    });
  });

  it('with instructions at its beginning and in its middle', () => {
    const messages = [
      { role: 'system', content: 'Be brief.' },
      { role: 'developer', content: [{ type: 'text', text: 'Be kind.' }] },
      USER,
      { role: 'developer', content: 'Be quick.' },
    ];
    expect(translated({ messages })).toEqual({
      system: [
        { type: 'text', text: 'Be brief.' },
        { type: 'text', text: 'Be kind.' },
      ],
      messages: [USER, { role: 'system', content: 'Be quick.' }],
    });
    expect(added({ messages: [messages[0], USER] })).toEqual({ system: 'Be brief.' });
  });

  it('with an instruction to respond in JSON', () => {
    const response_format = { type: 'json_object' };
    expect(added({ response_format })).toEqual({ system: expect.stringContaining('JSON') });
    const messages = [{ role: 'system', content: 'Be brief.' }, USER];
    expect(added({ response_format, messages })).toEqual({
      system: [
        { type: 'text', text: 'Be brief.' },
        { type: 'text', text: expect.stringContaining('JSON') },
      ],
    });
  });

  it('with images and files', () => {
    const content = [
      { type: 'text', text: 'What is it?' },
      { type: 'image_url', image_url: { url: 'https://a.example/b.png', detail: 'low' } },
      { type: 'image_url', image_url: { url: 'data:image/PNG;base64,aGk=' } },
      { type: 'file', file: { file_data: 'data:application/pdf;base64,aGk=', filename: 'a.pdf' } },
    ];
    expect(translated({ messages: [{ role: 'user', content }] })).toMatchObject({
      messages: [
        {
          content: [
            { type: 'text', text: 'What is it?' },
            { type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'aGk=' } },
            {
              type: 'document',
              title: 'a.pdf',
              source: { type: 'base64', media_type: 'application/pdf', data: 'aGk=' },
            },
          ],
        },
      ],
    });
  });

  it('with calls of tools, as clients send a response back, and their results as one turn', () => {
    const calls = [call('a', '{"where":"here"}'), call('b', '')];
    const messages = [
      USER,
      {
        role: 'assistant',
        content: null,
        refusal: null,
        annotations: [],
        name: 'me',
        parsed: null,
        tool_calls: calls,
      },
      { role: 'tool', tool_call_id: 'a', content: 'nothing', name: 'look' },
      { role: 'tool', tool_call_id: 'b', content: [{ type: 'text', text: 'much' }] },
      USER,
      { role: 'assistant', content: 'So.', tool_calls: [call('c', '{}')] },
    ];
    expect(translated({ messages })).toEqual({
      messages: [
        USER,
        {
          role: 'assistant',
          content: [
            { type: 'tool_use', id: 'a', name: 'look', input: { where: 'here' } },
            { type: 'tool_use', id: 'b', name: 'look', input: {} },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'a', content: 'nothing' },
            { type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: 'much' }] },
          ],
        },
        USER,
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'So.' },
            { type: 'tool_use', id: 'c', name: 'look', input: {} },
          ],
        },
      ],
    });
  });

  it.each<[string, object]>([
    ['max_tokens', { max_tokens: 1, max_completion_tokens: 2 }],
    ['messages.0.content', { messages: [{ role: 'assistant', content: '' }] }],
    [
      'messages.0.content.0.image_url.url',
      {
        messages: [
          { role: 'user', content: [{ type: 'image_url', image_url: { url: 'http://a.example' } }] },
        ],
      },
    ],
    [
      'messages.0.content.0.file.file_data',
      {
        messages: [
          { role: 'user', content: [{ type: 'file', file: { file_data: 'data:text/plain;base64,' } }] },
        ],
      },
    ],
    [
      'messages.0.tool_calls.0.function.arguments',
      {
        messages: [
          {
            role: 'assistant',
            tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '[1]' } }],
          },
        ],
      },
    ],
  ])('is refused for its field %s', (field, fields) => {
    expect(refusal(fields)).toEqual({ field, detail: expect.any(String) });
  });
});

describe('the name in a chat', () => {
  const body = parse({
    messages: [
      { role: 'system', content: 'a' },
      USER,
      { role: 'tool', content: 'a', tool_call_id: 'b' },
      USER,
    ],
    max_tokens: 1,
    reasoning_effort: 'low',
    user: 'u',
    parallel_tool_calls: false,
  });
  const chat = toMessagesRequest(body);

  it.each([
    ['messages.2.content.0.text', 'messages.3.content'],
    ['messages.1', 'messages.2'],
    ['tools.1.input_schema', 'tools.1.function.parameters'],
    ['tools.1', 'tools.1'],
    ['system', 'messages'],
    ['stop_sequences', 'stop'],
    ['max_tokens', 'max_tokens'],
    ['metadata', 'user'],
    ['output_config', 'reasoning_effort'],
    ['tool_choice', 'parallel_tool_calls'],
    ['temperature', 'temperature'],
  ])('of %s is %s', (field, expected) => {
    expect(chatFieldOf(field, body, chat)).toBe(expected);
  });

  it('follows what the chat calls it', () => {
    const other = parse({
      max_completion_tokens: 1,
      safety_identifier: 'u',
      tool_choice: 'none',
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: {} } },
    });
    const names = ['max_tokens', 'metadata', 'tool_choice', 'output_config'].map((field) =>
      chatFieldOf(field, other, chat),
    );
    expect(names).toEqual(['max_completion_tokens', 'safety_identifier', 'tool_choice', 'response_format']);
  });
});
