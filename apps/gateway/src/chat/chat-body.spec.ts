import { describe, expect, it } from '@jest/globals';
import { ZodBody } from '../http/zod-body.pipe.js';
import { chatBody } from './chat-body.js';

const pipe = new ZodBody(chatBody);

/** The names of the fields for which a chat is refused. */
function refused(fields: object): string[] {
  try {
    pipe.transform({ model: 'm', messages: [{ role: 'user', content: 'a' }], ...fields });
    return [];
  } catch (error) {
    return (error as { more: { errors: { field: string }[] } }).more.errors.map(({ field }) => field);
  }
}

describe('the body of a chat', () => {
  it.each<[string, unknown]>([
    ['n', 2],
    ['logprobs', true],
    ['top_logprobs', 3],
    ['logit_bias', { 50256: -100 }],
    ['frequency_penalty', 0.5],
    ['presence_penalty', -1],
    ['store', true],
    ['service_tier', 'flex'],
    ['verbosity', 'low'],
    ['modalities', ['text', 'audio']],
    ['audio', { voice: 'alloy', format: 'mp3' }],
    ['functions', [{ name: 'look' }]],
    ['function_call', 'auto'],
    ['prediction', { type: 'content', content: 'a' }],
    ['web_search_options', {}],
    ['reasoning_effort', 'minimal'],
    ['tool_choice', { type: 'allowed_tools', allowed_tools: { mode: 'auto', tools: [] } }],
    ['new_parameter', 1],
    ['model', undefined],
    ['messages', undefined],
  ])('is refused for its field %s', (field, value) => {
    expect(refused({ [field]: value }).map((name) => name.split('.')[0])).toEqual([field]);
  });

  it.each<[string, object]>([
    ['messages.0.role', { role: 'function', content: 'a' }],
    ['messages.0.content', { role: 'user', content: 1 }],
    ['messages.0.content.0.type', { role: 'user', content: [{ type: 'input_audio' }] }],
    ['messages.0.content.0.text', { role: 'user', content: [{ type: 'text' }] }],
    ['messages.0.content.0.type', { role: 'system', content: [{ type: 'image_url' }] }],
    ['messages.0.name', { role: 'user', content: 'a', name: 'b' }],
    ['messages.0.tool_call_id', { role: 'tool', content: 'a' }],
    ['messages.0.tool_calls.0.type', { role: 'assistant', tool_calls: [{ id: 'a', type: 'custom' }] }],
  ])('is refused for %s of a message', (field, message) => {
    expect(refused({ messages: [message] })[0]).toBe(field);
  });

  it.each<[string, object]>([
    ['stop.1', { stop: ['a', 1] }],
    ['tool_choice.function.name', { tool_choice: { type: 'function', function: {} } }],
    ['tool_choice.type', { tool_choice: { type: 'custom', custom: { name: 'a' } } }],
  ])('is refused for %s, the part of a union', (field, fields) => {
    expect(refused(fields)).toEqual([field]);
  });

  it('is refused for its first invalid message only', () => {
    const messages = [1, 2, 3].map(() => ({ role: 'user' }));
    expect(refused({ messages: [{ role: 'user', content: 'a' }, ...messages] })).toEqual([
      'messages.1.content',
    ]);
  });
});
