import { describe, expect, it } from '@jest/globals';
import { type MessagesBody, toRequest } from './messages-request.js';

const user = (content: MessagesBody['messages'][number]['content']) => ({ role: 'user' as const, content });
const part = (text: string, more: object = {}) => ({ type: 'text', text, ...more });

const requestOf = (body: Partial<MessagesBody>): unknown =>
  toRequest({ model: 'm', max_tokens: 1, messages: [user('Hello')], ...body });

const SIMPLE = { model: 'm', max_tokens: 1, prompt: 'Hello' };

describe('toRequest', () => {
  it.each<[string, Partial<MessagesBody>]>([
    ['one turn of text', {}],
    ['one turn of a single text block', { messages: [user([part('Hello')])] }],
    ['fields without effect', { stop_sequences: [], tools: [], cache_control: null, stream: true }],
  ])('returns the prompt alone for %s', (_name, body) => {
    expect(requestOf(body)).toStrictEqual(SIMPLE);
  });

  it('returns the system prompt as text if it is a single text block', () => {
    expect(requestOf({ system: [part('Be brief.')] })).toEqual({ ...SIMPLE, system: 'Be brief.' });
    const system = [part('Be brief.', { cache_control: { type: 'ephemeral' } })];
    expect(requestOf({ system })).toEqual({ ...SIMPLE, system });
  });

  it.each<[string, MessagesBody['messages']]>([
    ['several blocks', [user([part('a'), part('b')])]],
    ['a block with more than text', [user([part('a', { cache_control: { type: 'ephemeral' } })])]],
    ['an image', [user([{ type: 'image', source: { type: 'url' } }])]],
    ['an empty turn, which the executor refuses', [user(' ')]],
    ['an unknown field of a turn', [{ ...user('a'), name: 'b' }]],
    ['a turn of the assistant', [{ role: 'assistant', content: 'a' }]],
  ])('keeps %s unchanged', (_name, messages) => {
    expect(requestOf({ messages })).toEqual({ model: 'm', max_tokens: 1, messages });
  });

  it('returns turns of a single text block as text', () => {
    expect(requestOf({ messages: [user([part('a')]), { role: 'assistant', content: 'b' }] })).toMatchObject({
      messages: [user('a'), { role: 'assistant', content: 'b' }],
    });
  });
});
