import { describe, expect, it } from '@jest/globals';
import type { CompletionRequest } from '../../contract/completion-request.js';
import { InvalidPoolOptionsError } from '../../contract/errors.js';
import { AnthropicExecutor } from './anthropic.executor.js';
import { resolveAnthropicOptions } from './anthropic.options.js';

const apiKey = 'sk-ant-test';
const executor = new AnthropicExecutor({ apiKey });

describe('AnthropicExecutor', () => {
  it('resolves aliases, once, and the default', () => {
    const modelAliases = { fast: 'claude-haiku-5-5', 'claude-haiku-5-5': 'claude-opus-5-5' };
    const named = new AnthropicExecutor({ apiKey, modelAliases, defaultModel: 'fast' });
    expect(named.resolveModel('fast')).toBe('claude-haiku-5-5');
    expect(named.resolveModel()).toBe('claude-haiku-5-5');
    expect(named.resolveModel('constructor')).toBe('constructor');
    expect(executor.resolveModel()).toBe('claude-sonnet-5-5');
  });

  it.each<[string, CompletionRequest]>([
    ['prompt', { prompt: '' }],
    ['tools.1.type', { prompt: 'a', tools: [tool('custom'), tool('web_search_20260318')] }],
    ['service_tier', { prompt: 'a', service_tier: 'auto' }],
    ['anthropic-beta', { prompt: 'a', headers: { 'anthropic-beta': 'x' } }],
  ])('refuses an invalid or unknown %s with strictFields', (field, request) => {
    const strict = new AnthropicExecutor({ apiKey, strictFields: true });
    expect(() => strict.validate(request)).toThrow(expect.objectContaining({ field }));
  });

  it('accepts what it does not know, and leaves it to the API', () => {
    const tools = [tool('web_search_20260318')];
    const headers = { 'anthropic-beta': 'x' };
    expect(() => executor.validate({ prompt: 'a', tools, service_tier: 'auto', headers })).not.toThrow();
    expect(() => executor.validate({ prompt: '' })).toThrow(expect.objectContaining({ field: 'prompt' }));
  });

  it('accepts custom tools', () => {
    expect(() => executor.validate({ prompt: 'a', tools: [tool(), tool('custom')] })).not.toThrow();
  });
});

describe('the options of the AnthropicExecutor', () => {
  it.each<[string, unknown]>([
    ['apiKey', { apiKey: '' }],
    ['apiKey', { apiKey: 'two words' }],
    ['baseUrl', { baseUrl: 'ftp://a.example' }],
    ['baseUrl', { baseUrl: 'a.example' }],
    ['defaultModel', { defaultModel: ' ' }],
    ['modelAliases.fast', { modelAliases: { fast: '' } }],
    ['defaultMaxTokens', { defaultMaxTokens: 0 }],
    ['timeoutMs', { timeoutMs: 300_001 }],
    ['maxRetries', { maxRetries: -1 }],
    ['strictFields', { strictFields: 'yes' }],
    ['prices.my-model.output', { prices: { 'my-model': { input: 1 } } }],
    ['retries', { retries: 1 }],
    ['options', null],
  ])('are refused when %s is invalid', (field, options) => {
    const patched = options && { apiKey, ...(options as object) };
    const make = (): AnthropicExecutor => new AnthropicExecutor(patched as object);
    expect(make).toThrow(InvalidPoolOptionsError);
    expect(make).toThrow(expect.objectContaining({ field }));
  });

  it('default to the environment', () => {
    const env = { ANTHROPIC_API_KEY: ' sk-env ', ANTHROPIC_BASE_URL: 'https://gateway.example' };
    const fromEnv = { apiKey: 'sk-env', baseUrl: 'https://gateway.example' };
    expect(resolveAnthropicOptions({}, env)).toMatchObject(fromEnv);
    expect(resolveAnthropicOptions({ apiKey }, {})).toMatchObject({
      apiKey,
      baseUrl: 'https://api.anthropic.com',
    });
  });

  it('name a missing key, and never quote an invalid one', () => {
    expect(() => resolveAnthropicOptions({}, { ANTHROPIC_API_KEY: '' })).toThrow(
      'worker pool option apiKey is missing: set it, or the variable ANTHROPIC_API_KEY',
    );
    expect(() => resolveAnthropicOptions({ apiKey: 'sk secret' }, {})).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('secret') }),
    );
  });

  it('extend the known prices', () => {
    const price = { input: 1, output: 2, cacheWrite5m: 3, cacheWrite1h: 4, cacheRead: 5 };
    const { prices } = resolveAnthropicOptions({
      apiKey,
      prices: { 'my-model': price, 'claude-opus-5': price },
    });
    expect([prices['my-model'], prices['claude-opus-5']]).toEqual([price, price]);
    expect(prices['claude-haiku-4-5']).toMatchObject({ input: 1, output: 5 });
  });
});

function tool(type?: string) {
  return { name: 'look', input_schema: {}, ...(type && { type }) };
}
