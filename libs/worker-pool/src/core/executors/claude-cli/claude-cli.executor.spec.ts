import { isAbsolute } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { CompletionRequest } from '../../contract/completion-request.js';
import { InvalidPoolOptionsError } from '../../contract/errors.js';
import { ClaudeCliExecutor } from './claude-cli.executor.js';
import { DEFAULT_ENV_ALLOW_LIST, resolveClaudeCliOptions } from './claude-cli.options.js';

const executor = new ClaudeCliExecutor();
const turn = (role: 'user' | 'assistant') => ({ role, content: 'a' });

describe('ClaudeCliExecutor', () => {
  it.each<[string, string, CompletionRequest]>([
    ['an empty prompt', 'prompt', { prompt: '' }],
    ['any temperature', 'temperature', { prompt: 'a', temperature: 0 }],
    ['tools', 'tools', { prompt: 'a', tools: [{ name: 'b', input_schema: {} }] }],
    [
      'an image',
      'messages.0.content.0',
      { messages: [{ role: 'user', content: [{ type: 'image', source: { type: 'url' } }] }] },
    ],
    ['a conversation', 'messages', { messages: [turn('user'), turn('assistant'), turn('user')] }],
    ['a model that reads as an option', 'model', { prompt: 'a', model: '--dangerously-skip-permissions' }],
    ['a model that reads as a short option', 'model', { prompt: 'a', model: '-p' }],
    ['a model with white space', 'model', { prompt: 'a', model: 'sonnet --mcp-config x' }],
    ['a model with a null byte', 'model', { prompt: 'a', model: 'a\0b' }],
    ['a prompt longer than the CLI reads', 'prompt', { prompt: 'ä'.repeat(5_000_001) }],
    [
      'a turn longer than the CLI reads',
      'messages.0.content',
      { messages: [{ role: 'user', content: 'ä'.repeat(5_000_001) }] },
    ],
  ])('refuses %s', (_name, field, request) => {
    expect(() => executor.validate(request)).toThrow(expect.objectContaining({ field }));
  });

  it.each<[string, CompletionRequest]>([
    ['a prompt', { prompt: 'a', system: 'b', max_tokens: 1, model: 'opus[1m]' }],
    ['a turn in parts', { messages: [{ role: 'user', content: [{ type: 'text', text: 'a' }] }] }],
    ['a single turn', { messages: [turn('user')], model: 'us.anthropic.claude-sonnet-4-20250514-v1:0' }],
    ['a prompt of just the size that the CLI takes', { prompt: 'ä'.repeat(5_000_000) }],
  ])('accepts %s', (_name, request) => {
    expect(() => executor.validate(request)).not.toThrow();
  });

  it('resolves aliases, once, and the default', () => {
    const modelAliases = { fast: 'haiku', haiku: 'claude-haiku-4-5' };
    const named = new ClaudeCliExecutor({ modelAliases, defaultModel: 'fast' });
    expect(named.resolveModel('fast')).toBe('haiku');
    expect(named.resolveModel()).toBe('haiku');
    expect(named.resolveModel('opus')).toBe('opus');
    expect(named.resolveModel('constructor')).toBe('constructor');
    expect(executor.resolveModel()).toBe('default');
  });

  it.each<[string, unknown]>([
    ['executable', { executable: '' }],
    ['executable', { executable: 'a\0b' }],
    ['defaultModel', { defaultModel: '-p' }],
    ['modelAliases.fast', { modelAliases: { fast: '--version' } }],
    ['wallTimeoutMs', { wallTimeoutMs: 0 }],
    ['idleTimeoutMs', { idleTimeoutMs: 2 ** 31 }],
    ['maxOutputBytes', { maxOutputBytes: '1MB' }],
    ['killGraceMs', { killGraceMs: -1 }],
    ['maxRetries', { maxRetries: -1 }],
    ['uid', { uid: 1.5 }],
    ['gid', { gid: 1 }],
    ['envAllowList', { envAllowList: 'PATH' }],
    ['envAllowList.0', { envAllowList: ['A=B'] }],
    ['extraEnv.A', { extraEnv: { A: 1 } }],
    ['extraEnv.A=B', { extraEnv: { 'A=B': 'c' } }],
    ['timeout', { timeout: 1 }],
    ['options', 'claude'],
  ])('refuses the option %s when it is wrong', (field, options) => {
    const make = (): ClaudeCliExecutor => new ClaudeCliExecutor(options as object);
    expect(make).toThrow(InvalidPoolOptionsError);
    expect(make).toThrow(expect.objectContaining({ field }));
  });

  it('resolves a relative path, and leaves a name to the PATH', () => {
    expect(isAbsolute(resolveClaudeCliOptions({ executable: './bin/claude' }).executable)).toBe(true);
    expect(resolveClaudeCliOptions({}).executable).toBe('claude');
  });

  it('passes no variable by default that changes what programs load', () => {
    expect(DEFAULT_ENV_ALLOW_LIST).toContain('ANTHROPIC_API_KEY');
    expect(
      DEFAULT_ENV_ALLOW_LIST.filter((name) => /OPTIONS|^LD_|^DYLD_|REDIS|ANTHROPIC_MODEL/.test(name)),
    ).toEqual([]);
  });
});
