import { resolve } from 'node:path';
import Anthropic from '@anthropic-ai/sdk';
import { afterEach, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from './start-gateway.js';

const CLI = { WORKER_EXECUTOR: 'claude-cli', CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs') };

let gateway: Gateway | undefined;

afterEach(() => gateway?.stop());

const start = async (env: Record<string, string> = {}): Promise<Anthropic> => {
  gateway = await startGateway(env);
  return new Anthropic({ baseURL: gateway.url, apiKey: 'any', maxRetries: 0 });
};

const ask = (text: string, more: object = {}): Anthropic.MessageCreateParamsNonStreaming => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 100,
  messages: [{ role: 'user', content: [{ type: 'text', text }] }],
  ...more,
});

const refusal = async (client: Anthropic, more: object): Promise<unknown> => {
  const [field] = Object.keys(more);
  const message = expect.stringMatching(new RegExp(`^${field}\\b.* is not supported by the \\S+ executor`));
  return expect(client.messages.create(ask('a', more))).rejects.toMatchObject({
    status: 400,
    type: 'invalid_request_error',
    apiMessage: message,
  });
};

describe('the official SDK on a gateway with another executor', () => {
  it('offline: returns summaries as messages and streams, and refuses fields that it cannot honour', async () => {
    const client = await start();
    const request = ask('Redis is fast.', { system: 'Be brief.' });
    const message = await client.messages.create(request);
    // Strict clients refuse fields that they do not expect.
    expect(message).toEqual({
      id: expect.any(String),
      type: 'message',
      role: 'assistant',
      model: 'offline-extractive',
      content: [{ type: 'text', text: 'Redis is fast.' }],
      stop_reason: 'end_turn',
      stop_sequence: null,
      usage: { input_tokens: expect.any(Number), output_tokens: expect.any(Number) },
    });
    expect(await client.messages.stream(request).finalText()).toBe('Redis is fast.');
    await refusal(client, { tools: [{ name: 'look', input_schema: { type: 'object' } }] });
    await refusal(client, { metadata: { user_id: 'u' } });
    // The SDK's tool runner then sends the whole conversation by itself.
    await expect(client.messages.create(ask('a', { thread: { type: 'new' } }))).rejects.toMatchObject({
      status: 400,
      details: { error_code: 'thread_unsupported_request', unsupported: ['thread'] },
    });
    await refusal(client, {
      messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url' } }] }],
    });
  });

  it('claude-cli: returns the output of the CLI, and refuses fields that it cannot honour', async () => {
    const client = await start(CLI);
    const message = await client.messages.create(ask('[[fake-claude text forty-two]]'));
    expect(message).toMatchObject({
      model: 'fake-model-1',
      content: [{ text: 'forty-two' }],
      usage: { input_tokens: 123, output_tokens: 7 },
    });
    await refusal(client, { temperature: 0 });
    await refusal(client, {
      messages: [1, 2, 3].map((n) => ({ role: n === 2 ? 'assistant' : 'user', content: 'a' })),
    });
    await expect(client.messages.create(ask('[[fake-claude is-error]]'))).rejects.toMatchObject({
      status: 502,
      type: 'api_error',
    });
  });
});
