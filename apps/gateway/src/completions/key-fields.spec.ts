import { describe, expect, it } from '@jest/globals';
import type { CompletionRequest, ContentBlock } from 'nestjs-worker-pool';
import { keyFieldsInSteps, keyFieldsOf } from './key-fields.js';

const user = (content: string | ContentBlock[]) => ({ role: 'user' as const, content });
const part = (text: string, more: object = {}) => ({ type: 'text', text, ...more });
const BILLING = part('x-anthropic-billing-header: cc_version=2.1.332.1c9; cc_entrypoint=cli;');

const fieldsOf = (request: object): unknown =>
  keyFieldsOf({ model: 'm', max_tokens: 1, messages: [user('Hello')], ...request });

const digestOf = (text: string): string => {
  const fields = fieldsOf({ messages: [user([part(text), part('b')])] });
  return (fields as { messages: { content: { text: string }[] }[] }).messages[0]!.content[0]!.text;
};

const long = (text: string): string => text.repeat(2_000_000 / text.length);

const SIMPLE = { model: 'm', max_tokens: 1, prompt: 'Hello' };

describe('keyFieldsOf', () => {
  it.each<[string, object]>([
    ['one turn of text', {}],
    ['one turn of a single text block', { messages: [user([part('Hello')])] }],
    ['fields without effect', { stop_sequences: [], tools: [], cache_control: null, system: null }],
    ['who asks', { metadata: { user_id: 'u' }, headers: { 'x-claude-code-session-id': 's' } }],
    ['the default version', { headers: { 'anthropic-version': '2026-10-21' } }],
    ['no betas', { headers: { 'anthropic-beta': ' , ' } }],
    ['the attribution of a client', { system: [BILLING] }],
  ])('returns the prompt alone for %s', (_name, request) => {
    expect(fieldsOf(request)).toStrictEqual(SIMPLE);
  });

  it('returns the system prompt without the attribution of the client, as text if it is a single text block', () => {
    const marked = part('Be brief.', { cache_control: { type: 'ephemeral' } });
    expect(fieldsOf({ system: [part('Be brief.')] })).toEqual({ ...SIMPLE, system: 'Be brief.' });
    expect(fieldsOf({ system: [BILLING, part('Be brief.')] })).toEqual({ ...SIMPLE, system: 'Be brief.' });
    expect(fieldsOf({ system: [BILLING, part('a'), marked] })).toEqual({
      ...SIMPLE,
      system: [part('a'), marked],
    });
    expect(fieldsOf({ system: [part('a'), BILLING] })).toEqual({ ...SIMPLE, system: [part('a'), BILLING] });
  });

  it.each<[string, CompletionRequest['messages']]>([
    ['several blocks', [user([part('a'), part('b')])]],
    ['a block with more than text', [user([part('a', { cache_control: { type: 'ephemeral' } })])]],
    ['an image', [user([{ type: 'image', source: { type: 'url' } }])]],
    ['a further field of a turn', [{ ...user('a'), output_config: { effort: 'low' } }]],
    ['a turn of the assistant', [{ role: 'assistant', content: 'a' }]],
  ])('keeps %s', (_name, messages) => {
    expect(fieldsOf({ messages })).toEqual({ model: 'm', max_tokens: 1, messages });
  });

  it('keeps everything else: unknown fields, metadata and headers', () => {
    expect(
      fieldsOf({
        speed: 'fast',
        metadata: { user_id: 'u', team: 't' },
        headers: {
          'anthropic-beta': 'b,a, b',
          'anthropic-version': '2023-06-01',
          'anthropic-workspace-id': 'w',
        },
      }),
    ).toEqual({
      ...SIMPLE,
      speed: 'fast',
      metadata: { team: 't' },
      headers: {
        'anthropic-beta': ['a', 'b'],
        'anthropic-version': '2023-06-01',
        'anthropic-workspace-id': 'w',
      },
    });
  });

  it('counts the version that a request with sampling gets by default as such', () => {
    const headers = { 'anthropic-version': '2023-06-01' };
    expect(fieldsOf({ temperature: 0, headers })).toEqual({ ...SIMPLE, temperature: 0 });
  });

  it('has the digest of a long text, which no other text equals', () => {
    const text = 'x'.repeat(2_000);
    expect(digestOf(text)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digestOf(`${text}y`)).not.toBe(digestOf(text));
    expect(digestOf(digestOf(text))).not.toBe(digestOf(text));
    expect(digestOf('x'.repeat(512))).toBe('x'.repeat(512));
  });

  it('does not change the request', () => {
    const messages = [user([part('x'.repeat(2_000))])];
    fieldsOf({ messages });
    expect(messages).toEqual([user([part('x'.repeat(2_000))])]);
  });
});

describe('keyFieldsInSteps', () => {
  it('returns what keyFieldsOf returns', async () => {
    const request = {
      model: 'm',
      system: [BILLING, part(long('é'))],
      tools: [{ name: 't', input_schema: {}, description: 'short' }],
      messages: [user([part(long('a')), part('b'), part(long('🦊')), part(`sha256:${'0'.repeat(64)}`)])],
      metadata: { user_id: 'u', [long('n')]: [long('x'), { deep: long('y') }] },
    };
    expect(await keyFieldsInSteps(request)).toEqual(keyFieldsOf(request));
  });
});
