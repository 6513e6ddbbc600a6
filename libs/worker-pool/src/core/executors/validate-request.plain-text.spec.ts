import { describe, expect, it } from '@jest/globals';
import type { CompletionRequest } from '../contract/completion-request.js';
import { UnsupportedParameterError } from '../contract/errors.js';
import { plainText, requirePlainText } from './validate-request.js';

const FIELDS = new Set(['prompt', 'messages', 'system']);
const check = (request: CompletionRequest) => () => requirePlainText(request, 'plain', FIELDS);
const turn = (...content: { type: string; text?: string; [field: string]: unknown }[]) => ({
  messages: [{ role: 'user' as const, content }],
});

describe('requirePlainText', () => {
  it.each<[string, CompletionRequest]>([
    ['known fields', { prompt: 'a', system: 'b' }],
    ['absent fields spelled out', { prompt: 'a', tools: undefined }],
    ['parts of text', { ...turn({ type: 'text', text: 'a' }), system: [{ type: 'text', text: 'b' }] }],
  ])('accepts %s', (_name, request) => {
    expect(check(request)).not.toThrow();
  });

  it.each<[string, CompletionRequest]>([
    ['top_p', { prompt: 'a', top_p: 0 }],
    ['messages.0.content.1', turn({ type: 'text', text: 'a' }, { type: 'image', source: { type: 'url' } })],
    ['messages.0.content.0.cache_control', turn({ type: 'text', text: 'a', cache_control: null })],
    ['system.0.citations', { prompt: 'a', system: [{ type: 'text', text: 'b', citations: [] }] }],
  ])('refuses %s by name', (field, request) => {
    expect(check(request)).toThrow(UnsupportedParameterError);
    expect(check(request)).toThrow(expect.objectContaining({ field }));
  });
});

describe('plainText', () => {
  it('returns the text, or the joined text of the blocks', () => {
    expect(plainText('one')).toBe('one');
    expect(
      plainText([
        { type: 'text', text: 'one' },
        { type: 'text', text: 'two' },
      ]),
    ).toBe('one\n\ntwo');
  });
});
