import { describe, expect, it } from '@jest/globals';
import { claudeEnvironment, secretsOf } from './claude-cli.invocation.js';

const environment = (patch: Partial<Parameters<typeof claudeEnvironment>[0]> = {}) =>
  claudeEnvironment({ inherited: {}, allowList: [], extra: {}, ...patch });

describe('claudeEnvironment', () => {
  it('lets extra variables override inherited variables and the isolation', () => {
    const extra = { PATH: '/extra', CLAUDE_CODE_DISABLE_CLAUDE_MDS: '0' };
    expect(environment({ inherited: { PATH: '/bin' }, allowList: ['PATH'], extra })).toMatchObject(extra);
  });

  it('lets nothing override the limit of the request', () => {
    const extra = { CLAUDE_CODE_MAX_OUTPUT_TOKENS: '9999' };
    expect(environment({ extra, maxTokens: 5 })['CLAUDE_CODE_MAX_OUTPUT_TOKENS']).toBe('5');
    expect(environment({ extra })['CLAUDE_CODE_MAX_OUTPUT_TOKENS']).toBe('9999');
  });

  it('passes an empty variable, and omits one that is not set', () => {
    const { LANG, TZ } = environment({ inherited: { LANG: '' }, allowList: ['LANG', 'TZ'] });
    expect([LANG, TZ]).toEqual(['', undefined]);
  });
});

describe('secretsOf', () => {
  it('returns credentials, and proxies, which may contain one', () => {
    const secrets = { ANTHROPIC_API_KEY: 'k', CLAUDE_CODE_OAUTH_TOKEN: 't', https_proxy: 'http://u:p@h' };
    expect(secretsOf({ ...secrets, HOME: '/root', LANG: 'C' })).toEqual(Object.values(secrets));
  });
});
