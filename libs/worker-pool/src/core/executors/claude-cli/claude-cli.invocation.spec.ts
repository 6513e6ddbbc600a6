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

  it.each(['ANTHROPIC_API_KEY', 'ANTHROPIC_AUTH_TOKEN'])(
    'is bare with %s, wherever it comes from',
    (name) => {
      const bare = { CLAUDE_CODE_SIMPLE: '1' };
      expect(environment({ extra: { [name]: 'k' } })).toMatchObject(bare);
      expect(environment({ inherited: { [name]: 'k' }, allowList: [name] })).toMatchObject(bare);
      expect(environment({ inherited: { [name]: 'k' } })).not.toHaveProperty('CLAUDE_CODE_SIMPLE');
      expect(environment({ extra: { [name]: 'k', CLAUDE_CODE_SIMPLE: '' } })['CLAUDE_CODE_SIMPLE']).toBe('');
    },
  );

  it('is not bare with a login, which the CLI would not read', () => {
    const extra = { ANTHROPIC_API_KEY: '', CLAUDE_CODE_OAUTH_TOKEN: 't' };
    expect(environment({ extra })).not.toHaveProperty('CLAUDE_CODE_SIMPLE');
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
