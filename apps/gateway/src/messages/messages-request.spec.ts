import { describe, expect, it } from '@jest/globals';
import { type MessagesBody, toRequest } from './messages-request.js';

const body = {
  max_tokens: 1,
  stream: true,
  messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
  model: 'm',
  tools: [],
  context_management: { edits: [] },
} as MessagesBody;

describe('toRequest', () => {
  it('returns every field as it came and in its order, except stream', () => {
    const { stream: _, ...rest } = body;
    expect(JSON.stringify(toRequest(body, {}))).toBe(JSON.stringify(rest));
  });

  it('passes on headers for the provider, known or not, and no others', () => {
    const headers = {
      'anthropic-beta': 'b, a',
      'anthropic-version': '2023-06-01',
      'anthropic-something-new': '1',
      'x-claude-code-session-id': 's',
    };
    const others = { 'anthropic-empty': '', authorization: 'secret', 'x-api-key': 'secret', cookie: 'c' };
    expect(toRequest(body, { ...headers, ...others }).headers).toEqual(headers);
  });
});
