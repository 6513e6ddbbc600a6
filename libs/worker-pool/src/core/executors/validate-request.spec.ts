import { describe, expect, it } from '@jest/globals';
import type { CompletionRequest } from '../contract/completion-request.js';
import { InvalidRequestError, UnsupportedParameterError } from '../contract/errors.js';
import { validateOpenRequest, validateRequest } from './validate-request.js';

const refusal = (request: unknown): InvalidRequestError => {
  try {
    validateRequest(request as CompletionRequest, 'offline');
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidRequestError);
    return error as InvalidRequestError;
  }
  throw new Error('the request was accepted');
};

describe('validateRequest', () => {
  it.each<[string, CompletionRequest]>([
    ['a prompt alone', { prompt: 'Hello' }],
    ['a conversation alone', { messages: [{ role: 'user', content: 'Hello' }] }],
    ['every parameter', { prompt: 'Hello', model: 'm', system: 's', max_tokens: 1, temperature: 0 }],
    [
      'the further fields of the Messages API',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }],
          },
          { role: 'assistant', content: [{ type: 'tool_use', id: 't', name: 'look', input: {} }] },
          { role: 'user', content: [{ type: 'tool_result', tool_use_id: 't', content: '' }] },
        ],
        system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }],
        top_p: 0.5,
        top_k: 40,
        stop_sequences: ['END'],
        tools: [{ name: 'look', input_schema: { type: 'object' } }],
        tool_choice: { type: 'auto' },
        thinking: { type: 'enabled', budget_tokens: 2048 },
        output_config: { effort: 'low' },
        cache_control: { type: 'ephemeral' },
        metadata: { user_id: 'u' },
      },
    ],
    ['the upper temperature', { prompt: 'Hello', temperature: 1 }],
    ['absent fields spelled out', { prompt: 'Hello', messages: undefined, model: undefined }],
  ])('accepts %s', (_name, request) => {
    expect(() => validateRequest(request, 'offline')).not.toThrow();
  });

  it.each<[string, string, unknown]>([
    ['no request', 'request', undefined],
    ['a text for a request', 'request', 'Hello'],
    ['neither prompt nor messages', 'prompt', { model: 'm' }],
    ['an empty prompt', 'prompt', { prompt: '' }],
    ['a blank prompt', 'prompt', { prompt: ' \n\t' }],
    ['a prompt that is a number', 'prompt', { prompt: 7 }],
    ['a prompt that is null', 'prompt', { prompt: null }],
    ['prompt and messages', 'messages', { prompt: 'a', messages: [{ role: 'user', content: 'b' }] }],
    ['an empty conversation', 'messages', { messages: [] }],
    ['a conversation that is a text', 'messages', { messages: 'Hello' }],
    ['a conversation without the user', 'messages', { messages: [{ role: 'assistant', content: 'a' }] }],
    ['an unknown role', 'messages.0.role', { messages: [{ role: 'system', content: 'a' }] }],
    [
      'an empty turn',
      'messages.1.content',
      {
        messages: [
          { role: 'user', content: 'a' },
          { role: 'user', content: '' },
        ],
      },
    ],
    ['a turn that is a text', 'messages.0', { messages: ['Hello'] }],
    [
      'an unknown field in a turn',
      'messages.0.name',
      { messages: [{ role: 'user', content: 'a', name: 'b' }] },
    ],
    ['an empty model', 'model', { prompt: 'a', model: '' }],
    ['an empty system prompt', 'system', { prompt: 'a', system: '' }],
    ['no tokens', 'max_tokens', { prompt: 'a', max_tokens: 0 }],
    ['half a token', 'max_tokens', { prompt: 'a', max_tokens: 1.5 }],
    ['tokens as a text', 'max_tokens', { prompt: 'a', max_tokens: '10' }],
    ['endless tokens', 'max_tokens', { prompt: 'a', max_tokens: Infinity }],
    ['a temperature above one', 'temperature', { prompt: 'a', temperature: 1.01 }],
    ['a temperature below zero', 'temperature', { prompt: 'a', temperature: -0.1 }],
    ['a temperature that is no number', 'temperature', { prompt: 'a', temperature: Number.NaN }],
    ['content that is a number', 'messages.0.content', { messages: [{ role: 'user', content: 7 }] }],
    ['content without parts', 'messages.0.content', { messages: [{ role: 'user', content: [] }] }],
    [
      'a block of unknown type',
      'messages.0.content.0.type',
      { messages: [{ role: 'user', content: [{ type: 'video' }] }] },
    ],
    [
      'an empty block',
      'messages.0.content.1.text',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'a' },
              { type: 'text', text: ' ' },
            ],
          },
        ],
      },
    ],
    [
      'an image without a source',
      'messages.0.content.0.source',
      { messages: [{ role: 'user', content: [{ type: 'image' }] }] },
    ],
    [
      'an empty block in a tool result',
      'messages.0.content.0.content.0.text',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'tool_result', tool_use_id: 't', content: [{ type: 'text', text: '' }] }],
          },
        ],
      },
    ],
    ['an image in a system prompt', 'system.0.type', { prompt: 'a', system: [{ type: 'image' }] }],
    ['a top_p above one', 'top_p', { prompt: 'a', top_p: 2 }],
    ['half a top_k', 'top_k', { prompt: 'a', top_k: 0.5 }],
    ['an empty stop sequence', 'stop_sequences.0', { prompt: 'a', stop_sequences: [''] }],
    ['a tool without a name', 'tools.0.name', { prompt: 'a', tools: [{ input_schema: {} }] }],
    ['a choice without a type', 'tool_choice.type', { prompt: 'a', tool_choice: {} }],
    ['thinking as a text', 'thinking', { prompt: 'a', thinking: 'hard' }],
    ['an effort as a text', 'output_config', { prompt: 'a', output_config: 'low' }],
    ['unknown metadata', 'metadata.email', { prompt: 'a', metadata: { email: 'a@b.example' } }],
    ['an unknown field', 'best_of', { prompt: 'a', best_of: 1 }],
    ['a stored __proto__', '__proto__', JSON.parse('{"prompt":"a","__proto__":{"x":1}}')],
  ])('refuses %s and names the field', (_name, field, request) => {
    expect(refusal(request).field).toBe(field);
  });

  it('never quotes the text of the user', () => {
    const error = refusal({ prompt: 'my secret', max_tokens: 'another secret' });
    expect(error.message).toBe('max_tokens must be a whole number of at least 1');
  });
});

describe('the headers of a request', () => {
  it.each([
    [{ 'anthropic-version': '2023-06-01' }],
    [{ 'anthropic-beta': '' }],
    [{ 'x-claude-code-session-id': 'a', 'anthropic-dangerous-direct-browser-access': 'true' }],
  ])('are accepted without an influence on the answer: %j', (headers) => {
    expect(() => validateRequest({ prompt: 'a', headers }, 'offline')).not.toThrow();
  });

  it.each([
    ['anthropic-version', '2022-01-01', InvalidRequestError],
    ['anthropic-beta', 'context-1m-2025-08-07', UnsupportedParameterError],
    ['anthropic-workspace-id', 'w', UnsupportedParameterError],
  ])('are refused by name: %s', (field, value, type) => {
    const validate = (): void => validateRequest({ prompt: 'a', headers: { [field]: value } }, 'offline');
    expect(validate).toThrow(type);
    expect(validate).toThrow(expect.objectContaining({ field }));
  });
});

const turn = (content: unknown, role = 'user') => ({ messages: [{ role, content }] });
const block = (more: object) => turn([more]);

describe('validateOpenRequest', () => {
  it.each<[string, object]>([
    ['unknown fields', { prompt: 'a', context_management: { edits: [] }, thread: { id: 't' } }],
    ['unknown fields of a turn', { messages: [{ role: 'user', content: 'a', output_config: {} }] }],
    ['turns of the system', { messages: [{ role: 'system', content: 'a' }] }],
    ['unknown blocks', block({ type: 'container_upload', file_id: 'f' })],
    [
      'unknown blocks in a result',
      block({ type: 'tool_result', tool_use_id: 't', content: [{ type: 'tool_reference' }] }),
    ],
    ['empty texts, which the service may refuse', turn('')],
    [
      'tools of the provider',
      { prompt: 'a', tools: [{ type: 'bash_20250124', name: 'bash' }, { type: 'mcp_toolset' }] },
    ],
    ['no tokens', { prompt: 'a', max_tokens: 0 }],
    ['null for an optional field', { prompt: 'a', system: null, thinking: null, metadata: null }],
    ['any header', { prompt: 'a', headers: { 'anthropic-beta': 'x' } }],
  ])('accepts %s', (_name, request) => {
    expect(() => validateOpenRequest(request as CompletionRequest)).not.toThrow();
  });

  it.each<[string, object]>([
    ['prompt', {}],
    ['messages', { messages: [] }],
    ['messages.0.role', turn('a', 'tool')],
    ['messages.0.content', turn(1)],
    ['messages.0.content.0.type', turn([{}])],
    ['messages.0.content.0.text', block({ type: 'text' })],
    ['messages.0.content.0.input', block({ type: 'tool_use', id: 't', name: 'n' })],
    ['max_tokens', { prompt: 'a', max_tokens: -1 }],
    ['temperature', { prompt: 'a', temperature: 2 }],
    ['tools.0.input_schema', { prompt: 'a', tools: [{ name: 'look' }] }],
    ['headers.anthropic-beta', { prompt: 'a', headers: { 'anthropic-beta': 1 } }],
  ])('refuses an invalid %s', (field, request) => {
    expect(() => validateOpenRequest(request as CompletionRequest)).toThrow(
      expect.objectContaining({ field }),
    );
  });
});
