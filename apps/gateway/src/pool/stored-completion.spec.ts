import { describe, expect, it } from '@jest/globals';
import { isCompletion, isWhole } from './stored-completion.js';

const USAGE = { input_tokens: 1, output_tokens: 2 };
const FOREIGN = { completion: 'text', usage: USAGE, cost: 0.5 };

describe('isCompletion', () => {
  it.each([
    ['only a text, tokens and a cost', FOREIGN],
    ['a model and blocks', { ...FOREIGN, model: 'm', content: [{ type: 'text', text: 'text' }] }],
    ['token counts that are unknown', { ...FOREIGN, usage: { ...USAGE, cache_read_input_tokens: null } }],
  ])('accepts %s', (_what, value) => expect(isCompletion(value)).toBe(true));

  it.each([
    ['without tokens', { ...FOREIGN, usage: {} }],
    ['with tokens as text', { ...FOREIGN, usage: { input_tokens: '1', output_tokens: '2' } }],
    ['with negative tokens', { ...FOREIGN, usage: { ...USAGE, output_tokens: -1 } }],
    ['with cache tokens as text', { ...FOREIGN, usage: { ...USAGE, cache_creation_input_tokens: '3' } }],
    ['without usage', { ...FOREIGN, usage: null }],
    ['with an infinite cost', { ...FOREIGN, cost: JSON.parse('1e999') as number }],
    ['with a model that is not a text', { ...FOREIGN, model: 7 }],
    ['with content that is not an array', { ...FOREIGN, content: 'text' }],
    ['with invalid blocks', { ...FOREIGN, content: [null] }],
    ['that is not an object', 'text'],
  ])('refuses a value %s', (_what, value) => expect(isCompletion(value)).toBe(false));
});

describe('isWhole', () => {
  const whole = { ...FOREIGN, stopReason: 'end_turn' };

  it.each(['end_turn', 'stop_sequence', 'tool_use'])('accepts an answer that ended by %s', (stopReason) => {
    expect(isWhole({ ...whole, stopReason })).toBe(true);
  });

  it.each(['max_tokens', 'refusal', 'pause_turn'])('refuses an answer that ended by %s', (stopReason) => {
    expect(isWhole({ ...whole, stopReason })).toBe(false);
  });

  it('refuses an answer that names a container or a thread', () => {
    expect(isWhole({ ...whole, extra: { container: null, diagnostics: {} } })).toBe(true);
    expect(isWhole({ ...whole, extra: { container: { id: 'c' } } })).toBe(false);
    expect(isWhole({ ...whole, extra: { thread: { id: 't' } } })).toBe(false);
  });
});
