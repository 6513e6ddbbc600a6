import { describe, expect, it } from '@jest/globals';
import { isCompletion } from './stored-completion.js';

const USAGE = { input_tokens: 1, output_tokens: 2 };
const FOREIGN = { completion: 'text', usage: USAGE, cost: 0.5 };

describe('a value under the key of an answer', () => {
  it.each([
    ['no more than a text, tokens and cost', FOREIGN],
    ['a model and blocks', { ...FOREIGN, model: 'm', content: [{ type: 'text', text: 'text' }] }],
    ['tokens that nobody knows', { ...FOREIGN, usage: { ...USAGE, cache_read_input_tokens: null } }],
  ])('is one with %s', (_what, value) => expect(isCompletion(value)).toBe(true));

  it.each([
    ['without tokens', { ...FOREIGN, usage: {} }],
    ['with tokens in letters', { ...FOREIGN, usage: { input_tokens: '1', output_tokens: '2' } }],
    ['with less than no tokens', { ...FOREIGN, usage: { ...USAGE, output_tokens: -1 } }],
    ['with other tokens in letters', { ...FOREIGN, usage: { ...USAGE, cache_creation_input_tokens: '3' } }],
    ['without usage', { ...FOREIGN, usage: null }],
    ['with an endless cost', { ...FOREIGN, cost: JSON.parse('1e999') as number }],
    ['with a model that is no text', { ...FOREIGN, model: 7 }],
    ['with content that is no list', { ...FOREIGN, content: 'text' }],
    ['with blocks that are none', { ...FOREIGN, content: [null] }],
    ['of another kind', 'text'],
  ])('is none %s', (_what, value) => expect(isCompletion(value)).toBe(false));
});
