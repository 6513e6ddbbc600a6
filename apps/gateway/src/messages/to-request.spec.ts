import { describe, expect, it } from '@jest/globals';
import type { MessagesBody } from './messages.schema.js';
import { toRequest } from './to-request.js';

const user = (content: MessagesBody['messages'][number]['content']) => ({ role: 'user' as const, content });
const part = (text: string, more: object = {}) => ({ type: 'text', text, ...more });

const requestOf = (body: Partial<MessagesBody>): unknown =>
  toRequest({ model: 'm', max_tokens: 1, messages: [user('Hello')], ...body });

const SIMPLE = { model: 'm', max_tokens: 1, prompt: 'Hello' };

describe('a body of the Messages API as a request', () => {
  it.each<[string, Partial<MessagesBody>]>([
    ['one turn of text', {}],
    ['one turn of one part of text', { messages: [user([part('Hello')])] }],
    ['what asks for nothing', { stop_sequences: [], tools: [], cache_control: null, stream: true }],
  ])('is the prompt alone for %s', (_name, body) => {
    expect(requestOf(body)).toStrictEqual(SIMPLE);
  });

  it('has the system prompt as text where it is no more', () => {
    expect(requestOf({ system: [part('Be brief.')] })).toEqual({ ...SIMPLE, system: 'Be brief.' });
    const system = [part('Be brief.', { cache_control: { type: 'ephemeral' } })];
    expect(requestOf({ system })).toEqual({ ...SIMPLE, system });
  });

  it.each<[string, MessagesBody['messages']]>([
    ['several parts', [user([part('a'), part('b')])]],
    ['a part with more than text', [user([part('a', { cache_control: { type: 'ephemeral' } })])]],
    ['an image', [user([{ type: 'image', source: { type: 'url' } }])]],
    ['an empty turn, which is for the executor to refuse', [user(' ')]],
    ['an unknown field of a turn, as well', [{ ...user('a'), name: 'b' }]],
    ['a turn of the assistant', [{ role: 'assistant', content: 'a' }]],
  ])('keeps %s as it is', (_name, messages) => {
    expect(requestOf({ messages })).toEqual({ model: 'm', max_tokens: 1, messages });
  });

  it('tells turns of one part of text as text', () => {
    expect(requestOf({ messages: [user([part('a')]), { role: 'assistant', content: 'b' }] })).toMatchObject({
      messages: [user('a'), { role: 'assistant', content: 'b' }],
    });
  });
});
