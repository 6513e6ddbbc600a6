import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ClaudeCliOptions } from 'nestjs-worker-pool';
import { until } from '@test/support/index.js';
import { ClaudeHarness, context, FAKE_CLAUDE } from './claude-harness.js';

interface Facts {
  argv: string[];
  cwd: string;
  entries: string[];
  env: Record<string, string>;
  stdin: string;
  systemPrompt: { text: string; mode: string; file: string } | null;
}

const factsOf = ({ completion }: { completion: string }): Facts => JSON.parse(completion) as Facts;

describe('ClaudeCliExecutor', () => {
  let harness: ClaudeHarness;
  const failing = (mode: string, options: ClaudeCliOptions = {}) =>
    expect(harness.make(options).execute({ prompt: `[[fake-claude ${mode}]]` }, context())).rejects;

  beforeEach(async () => {
    harness = await ClaudeHarness.start();
  });

  afterEach(async () => {
    const leftovers = await harness.leftovers();
    await harness.end();
    expect(leftovers).toEqual([]);
  });

  describe('the input of the CLI', () => {
    it('has the prompt on stdin, which is closed, and not on the command line', async () => {
      const request = { prompt: 'the prompt\nof the user', system: 'the system prompt', model: 'haiku' };
      const { argv, stdin, systemPrompt } = factsOf(await harness.make().execute(request, context()));
      expect(stdin).toBe('the prompt\nof the user');
      expect(systemPrompt).toMatchObject({ text: 'the system prompt', mode: '600' });
      expect(argv.join(' ')).not.toMatch(/prompt\nof|the system/);
      expect(argv).toEqual([
        '--print',
        '--output-format',
        'stream-json',
        '--verbose',
        '--include-partial-messages',
        '--tools',
        '',
        '--permission-mode',
        'dontAsk',
        '--strict-mcp-config',
        '--setting-sources',
        '',
        '--disable-slash-commands',
        '--no-session-persistence',
        '--max-budget-usd',
        '0.000000001',
        '--model',
        'haiku',
        '--system-prompt-file',
        systemPrompt?.file,
      ]);
    });

    it('may be a single turn of the user', async () => {
      const messages = [{ role: 'user' as const, content: 'a turn' }];
      expect(factsOf(await harness.make().execute({ messages }, context())).stdin).toBe('a turn');
    });

    it('has an empty system prompt on the command line when the request has none', async () => {
      const { argv } = factsOf(await harness.make().execute({ prompt: 'a' }, context()));
      expect(argv.slice(-2)).toEqual(['--system-prompt', '']);
    });

    it('has an empty working directory that is the same for all runs, and a system prompt that is removed', async () => {
      const first = factsOf(await harness.make().execute({ prompt: 'a', system: 'b' }, context()));
      const second = factsOf(await harness.make().execute({ prompt: 'a', system: 'b' }, context()));
      expect([first.entries, second.entries]).toEqual([[], []]);
      expect(relative(tmpdir(), first.cwd)).toMatch(/^nestjs-worker-pool-\d+\/cwd$/);
      expect(second.cwd).toBe(first.cwd);
      expect(second.systemPrompt?.file).not.toBe(first.systemPrompt?.file);
      expect(existsSync(first.systemPrompt?.file ?? '')).toBe(false);
    });

    it.each(['/cost', '/foo bar', '//', '/'])(
      'has %j as text, not as a command of the CLI',
      async (prompt) => {
        const { stdin } = factsOf(await harness.make().execute({ prompt }, context()));
        expect(stdin).toBe(`\n${prompt}`);
      },
    );

    it('has only the allow-list of the environment, and the isolation', async () => {
      process.env['SOME_SECRET_OF_THE_APP'] = 'hidden';
      try {
        const executor = harness.make({
          envAllowList: ['PATH', 'NOT_SET_AT_ALL'],
          extraEnv: { EXTRA: 'yes' },
        });
        expect(factsOf(await executor.execute({ prompt: 'a' }, context())).env).toEqual({
          PATH: process.env['PATH'],
          EXTRA: 'yes',
          FAKE_CLAUDE_NOTES: harness.notes,
          CLAUDE_CODE_DISABLE_ATTACHMENTS: '1',
          CLAUDE_CODE_DISABLE_AUTO_MEMORY: '1',
          CLAUDE_CODE_DISABLE_CLAUDE_MDS: '1',
          CLAUDE_CODE_DISABLE_LEGACY_MODEL_REMAP: '1',
          CLAUDE_CODE_DISABLE_MODEL_ACCESS_FALLBACK: '1',
          CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
          CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK: '1',
          CLAUDE_CODE_DISABLE_REFUSAL_FALLBACK: '1',
          CLAUDE_CODE_DISABLE_REFUSAL_RETRY: '1',
          CLAUDE_CODE_DISABLE_TERMINAL_TITLE: '1',
          CLAUDE_CODE_DISABLE_ULTRATHINK: '1',
          CLAUDE_CODE_MAX_RETRIES: '0',
          CLAUDE_CODE_SKIP_PROMPT_HISTORY: '1',
          DISABLE_AUTOUPDATER: '1',
          DISABLE_COMPACT: '1',
        });
        const { env } = factsOf(await harness.make().execute({ prompt: 'a' }, context()));
        expect(env).not.toHaveProperty('SOME_SECRET_OF_THE_APP');
      } finally {
        delete process.env['SOME_SECRET_OF_THE_APP'];
      }
    });

    it('has the limit of the answer in the environment', async () => {
      const { env } = factsOf(await harness.make().execute({ prompt: 'a', max_tokens: 77 }, context()));
      expect(env).toMatchObject({
        CLAUDE_CODE_MAX_OUTPUT_TOKENS: '77',
        CLAUDE_CODE_DISABLE_THINKING: '1',
        MAX_THINKING_TOKENS: '0',
      });
    });

    it.each([
      ['no model, which leaves the choice to the CLI', {}, undefined, undefined],
      ['the default model', { defaultModel: 'sonnet' }, undefined, 'sonnet'],
      ['the model of the request', { defaultModel: 'sonnet' }, 'opus', 'opus'],
      ['the model behind an alias', { modelAliases: { fast: 'haiku' } }, 'fast', 'haiku'],
    ])('has %s', async (_name, options, model, expected) => {
      const { argv } = factsOf(await harness.make(options).execute({ prompt: 'a', model }, context()));
      expect(argv[argv.indexOf('--model') + 1]).toBe(expected ?? argv[0]);
    });

    it('goes to an executable with a relative path, from any working directory', async () => {
      const executable = join('.', relative(process.cwd(), FAKE_CLAUDE));
      const answer = await harness
        .make({ executable: `./${executable}` })
        .execute({ prompt: 'a' }, context());
      expect(answer.model).toBe('fake-model-1');
    });

    it('goes to an executable on the PATH', async () => {
      const PATH = [join(FAKE_CLAUDE, '..'), process.env['PATH']].join(':');
      const executor = harness.make({ executable: basename(FAKE_CLAUDE), extraEnv: { PATH } });
      await expect(executor.execute({ prompt: 'a' }, context())).resolves.toMatchObject({
        model: 'fake-model-1',
      });
    });
  });

  describe('the completion', () => {
    it('is the report of the CLI; cached tokens count as input', async () => {
      const answer = await harness.make().execute({ prompt: '[[fake-claude text]]' }, context());
      expect(answer).toEqual({
        completion: 'an answer',
        usage: { input_tokens: 123, output_tokens: 7 },
        cost: 0.0125,
        model: 'fake-model-1',
        stopReason: 'end_turn',
        content: [{ type: 'text', text: 'an answer' }],
      });
    });

    it.each([
      ['refusal', 'refusal'],
      ['max-tokens', 'max_tokens'],
      ['refused', 'refusal'],
      ['refused-again', 'refusal'],
      ['single-refusal', 'refusal'],
    ])('of %s has the stop reason %s', async (mode, stopReason) => {
      const answer = harness.make().execute({ prompt: `[[fake-claude ${mode}]]` }, context());
      await expect(answer).resolves.toMatchObject({ stopReason });
    });

    it.each([
      ['is interrupted before it asks again', 'cut'],
      ['asks again nevertheless', 'cut-twice'],
    ])(
      'of a truncated answer is whole, with the stop reason max_tokens, when the CLI %s',
      async (_name, mode) => {
        const prompt = `[[fake-claude ${mode} ${join(harness.folder, 'never')}]]`;
        const answer = harness.make().execute({ prompt }, context());
        await expect(answer).resolves.toMatchObject({
          completion: 'a long answer',
          stopReason: 'max_tokens',
          content: [{ type: 'text', text: 'a long answer' }],
          cost: 0.0125,
        });
      },
    );

    it('is whole when the CLI ends because it was allowed a single call', async () => {
      const answer = await harness.make().execute({ prompt: '[[fake-claude single-call]]' }, context());
      const plain = await harness.make().execute({ prompt: '[[fake-claude text]]' }, context());
      expect(answer).toEqual(plain);
    });

    it('has all blocks of text, of which the report has only the last', async () => {
      const answer = harness.make().execute({ prompt: '[[fake-claude blocks]]' }, context());
      await expect(answer).resolves.toMatchObject({ completion: 'It says hello.', stopReason: 'end_turn' });
    });

    it('belongs to its request among ten concurrent ones', async () => {
      const executor = harness.make();
      const prompts = Array.from({ length: 10 }, (_, index) => `[[fake-claude text answer-${index}]]`);
      const answers = await Promise.all(prompts.map((prompt) => executor.execute({ prompt }, context())));
      expect(answers.map(({ completion }) => completion)).toEqual(
        prompts.map((_, index) => `answer-${index}`),
      );
    });
  });

  describe('a failure', () => {
    it('is a report with is_error, even under the subtype success and with exit code 0', async () => {
      await failing('is-error').toMatchObject({
        code: 'ERR_CLAUDE_CLI',
        apiStatus: 401,
        message: 'the claude CLI reported a failure (HTTP 401)',
        logDetail: 'Invalid API key · Please run /login',
      });
      await failing('is-error-zero').toMatchObject({
        message: 'the claude CLI reported a failure',
        logDetail: 'Credit balance is too low',
      });
    });

    it('is a report of any other subtype', async () => {
      await failing('max-turns').toThrow('the claude CLI reported a failure (error_max_turns)');
      await failing('execution').toMatchObject({
        message: 'the claude CLI reported a failure (error_during_execution)',
        logDetail: 'it broke',
      });
    });

    it.each([
      ['own-answer', 'it answered itself, without the model'],
      ['no-model', 'it answered itself, without the model'],
      ['turns', 'it asked the model more than once'],
    ])('is a run that did not ask the model exactly once: %s', async (mode, detail) => {
      await failing(mode).toMatchObject({ code: 'ERR_CLAUDE_CLI', detail });
    });

    it('has the status of the API, at once and after a single run', async () => {
      await failing('status 429').toMatchObject({
        code: 'ERR_CLAUDE_CLI',
        apiStatus: 429,
        upstream: { status: 429, type: 'overloaded_error', retryAfterMs: null },
      });
      expect(await harness.runs()).toHaveLength(1);
    });

    it('is a truncated answer of which the CLI reports nothing, and is final, because it was paid for', async () => {
      const file = join(harness.folder, 'never');
      await failing(`cut-deaf ${file}`, { killGraceMs: 50 }).toMatchObject({ upstream: { isFinal: true } });
    });

    it.each(['garbage', 'foreign', 'no-cost'])('is malformed output: %s', async (mode) => {
      await failing(mode).toMatchObject({ code: 'ERR_EXECUTOR_FAILED' });
    });

    it('is an exit without a report; the error quotes neither prompt nor system prompt nor key', async () => {
      const executor = harness.make({ extraEnv: { ANTHROPIC_API_KEY: 'sk-ant-very-secret' } });
      const request = { prompt: 'My diary: [[fake-claude exit]]', system: 'You are a confidant.' };
      await expect(executor.execute(request, context())).rejects.toMatchObject({
        code: 'ERR_PROCESS_EXIT',
        exitCode: 3,
        message: 'the program of the executor exited with code 3',
        logDetail: `${FAKE_CLAUDE}: fatal: key […], prompt […], system […]`,
      });
    });

    it('is an exit before the prompt was read', async () => {
      const executor = harness.make({ extraEnv: { FAKE_CLAUDE: 'early' } });
      const answer = executor.execute({ prompt: 'x'.repeat(5_000_000) }, context());
      await expect(answer).rejects.toMatchObject({ code: 'ERR_PROCESS_EXIT', exitCode: 4 });
    });

    it('is a missing CLI', async () => {
      await failing('text', { executable: 'no-claude-here' }).toMatchObject({
        code: 'ERR_PROCESS_START',
        message: 'the program of the executor cannot be started (ENOENT)',
        logDetail: 'no-claude-here',
      });
    });

    it('is endless output', async () => {
      await failing('endless', { maxOutputBytes: 100_000 }).toMatchObject({
        code: 'ERR_PROCESS_OUTPUT_LIMIT',
      });
    });

    it('is a CLI that hangs, after either time limit', async () => {
      await failing('hang', { wallTimeoutMs: 200 }).toMatchObject({
        code: 'ERR_PROCESS_TIMEOUT',
        kind: 'wall',
      });
      await failing('hang', { idleTimeoutMs: 200 }).toMatchObject({
        code: 'ERR_PROCESS_TIMEOUT',
        kind: 'idle',
      });
    });

    it('is an invalid request, before anything is started', async () => {
      const executor = harness.make({ executable: 'no-claude-here' });
      await expect(executor.execute({ prompt: 'a', model: '--version' }, context())).rejects.toMatchObject({
        code: 'ERR_INVALID_REQUEST',
        field: 'model',
      });
      expect(await harness.runs()).toEqual([]);
    });
  });

  describe('a retry', () => {
    it('follows a temporary failure of the API, as often as the option allows', async () => {
      const prompt = `[[fake-claude flaky ${join(harness.folder, 'seen')}]]`;
      const answer = harness.make({ maxRetries: 1 }).execute({ prompt }, context());
      await expect(answer).resolves.toMatchObject({ completion: 'an answer' });
      expect(await harness.runs()).toHaveLength(2);
      await failing('status 529', { maxRetries: 1 }).toMatchObject({
        upstream: { status: 529, isFinal: true },
      });
      expect(await harness.runs()).toHaveLength(4);
    });

    it.each(['status 401', 'is-error-zero', 'exit', 'no-cost'])('does not follow %s', async (mode) => {
      await failing(mode, { maxRetries: 5 }).toThrow(/./);
      expect(await harness.runs()).toHaveLength(1);
    });

    it('is given up when the executor is closed', async () => {
      const executor = harness.make({ maxRetries: 100 });
      const answer = executor.execute({ prompt: '[[fake-claude status 529]]' }, context());
      const outcome = expect(answer).rejects.toThrow('the executor was closed');
      await until(async () => (await harness.runs()).length > 1, { what: 'a retry' });
      await executor.close();
      await outcome;
    });
  });
});
