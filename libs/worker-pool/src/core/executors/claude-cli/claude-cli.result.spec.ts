import { describe, expect, it } from '@jest/globals';
import { ExecutorError } from '../../contract/errors.js';
import type { ClaudeCliAnswer } from './claude-cli.messages.js';
import { ClaudeCliError, completionOf, parseReport } from './claude-cli.result.js';

const report = {
  type: 'result',
  subtype: 'success',
  is_error: false,
  num_turns: 1,
  result: 'Hello',
  stop_reason: 'end_turn',
  total_cost_usd: 0.5,
  modelUsage: { 'model-1': { inputTokens: 2, outputTokens: 3 } },
};

const say: ClaudeCliAnswer = { text: 'Say', stopReason: 'end_turn' };

const read = async (patch: object, answer: ClaudeCliAnswer | null = null) => {
  const result = parseReport(JSON.stringify({ ...report, ...patch }));
  if (!result) {
    throw new Error('no report');
  }
  return completionOf(result, { answer, text: 'I can', model: 'requested', secrets: ['the secret prompt'] });
};

const failureOf = (patch: object): Promise<unknown> => read(patch).catch((error: unknown) => error);

describe('parseReport', () => {
  it.each([
    ['nothing', ''],
    ['text', 'Hello'],
    ['half a report', JSON.stringify(report).slice(0, -5)],
    ['null', 'null'],
    ['another object', '{"type":"system"}'],
    ['a report without is_error', '{"type":"result","subtype":"success"}'],
    ['an array', '[]'],
  ])('finds no report in %s', (_name, output) => {
    expect(parseReport(output)).toBeUndefined();
  });

  it('finds the last report among all lines', () => {
    const lines = [{ type: 'result', subtype: 'old', is_error: true }, null, report, { type: 'other' }];
    expect(parseReport(lines.map((line) => JSON.stringify(line)).join('\n'))?.result).toBe('Hello');
  });
});

describe('completionOf', () => {
  it('takes what the model said from the stream, and what it cost from the report', async () => {
    const answer = { text: 'Say: Hello', stopReason: 'stop_sequence' };
    expect(await read({}, answer)).toMatchObject({
      completion: 'Say: Hello',
      stopReason: 'stop_sequence',
      cost: 0.5,
      usage: { input_tokens: 2, output_tokens: 3 },
    });
  });

  it.each(['max_tokens', 'refusal', 'a_new_reason'])(
    'is an answer that ends as %s, whatever the report',
    async (stopReason) => {
      const answer = { ...say, stopReason };
      const reports = [{}, { is_error: true, result: 'API Error' }, { num_turns: 4, result: 'the tail' }];
      for (const patch of reports)
        expect(await read(patch, answer)).toMatchObject({ completion: 'Say', stopReason });
    },
  );

  it('is a whole answer after which the CLI ended because it was allowed a single call', async () => {
    const patch = { is_error: true, subtype: 'error_max_budget_usd', result: undefined };
    expect(await read(patch, say)).toMatchObject({ completion: 'Say', stopReason: 'end_turn', cost: 0.5 });
    await expect(read(patch)).rejects.toThrow('the claude CLI reported a failure (error_max_budget_usd)');
  });

  it('is a failure when the report is one, although the answer ended', async () => {
    await expect(read({ is_error: true }, say)).rejects.toThrow(ClaudeCliError);
  });

  it.each([
    [{ num_turns: 0 }, 'without the model'],
    [{ modelUsage: {} }, 'without the model'],
    [{ modelUsage: undefined }, 'without the model'],
    [{ num_turns: 2 }, 'more than once'],
  ])('is a failure when the model was not asked exactly once: %j', async (patch, problem) => {
    await expect(read(patch)).rejects.toThrow(problem);
  });

  it('names the model with the most output tokens, and counts those of all', async () => {
    const big = {
      inputTokens: 1,
      outputTokens: 900,
      cacheReadInputTokens: 10,
      cacheCreationInputTokens: 100,
    };
    const modelUsage = { 'small-one': { inputTokens: 1_000, outputTokens: 5 }, 'big-one': big };
    expect(await read({ modelUsage })).toMatchObject({
      model: 'big-one',
      usage: { input_tokens: 1_111, output_tokens: 905 },
    });
  });

  it('is a refusal when the CLI ended before it passed on the end of a message', async () => {
    const patch = { is_error: true, subtype: 'error_max_budget_usd', safety_stops: 1, stop_reason: null };
    expect(await read(patch)).toMatchObject({ completion: 'I can', stopReason: 'refusal' });
  });

  it('ignores fields that it does not know', async () => {
    expect((await read({ brand_new: { deep: 1 } })).completion).toBe('Hello');
  });

  it.each([
    ['result', { result: undefined }],
    ['stop_reason', { stop_reason: null }],
    ['total_cost_usd', { total_cost_usd: undefined }],
    ['total_cost_usd', { total_cost_usd: -1 }],
    ['modelUsage.a.outputTokens', { modelUsage: { a: { inputTokens: 1 } } }],
  ])('does not invent %s', async (field, patch) => {
    await expect(read(patch)).rejects.toThrow(ExecutorError);
    await expect(read(patch)).rejects.toThrow(`${field} is missing`);
  });

  it('keeps the message of the CLI for the log, without the prompt', async () => {
    const failure = await failureOf({ is_error: true, result: 'cannot answer: the secret prompt!' });
    expect(failure).toBeInstanceOf(ClaudeCliError);
    expect(failure).toMatchObject({
      message: 'the claude CLI reported a failure',
      logDetail: 'cannot answer: […]!',
    });
  });

  it.each([
    [429, 'the claude CLI reported a failure (HTTP 429): too fast', undefined],
    [401, 'the claude CLI reported a failure (HTTP 401)', 'too fast'],
  ])(
    'shows what the API said, unless it concerns the account: %i',
    async (api_error_status, message, logDetail) => {
      const failure = await failureOf({ is_error: true, result: 'too fast', api_error_status });
      expect(failure).toMatchObject({ message, detail: 'too fast' });
      expect((failure as ClaudeCliError).logDetail).toBe(logDetail);
    },
  );

  it('fails for a subtype other than success, even without is_error', async () => {
    const failure = { subtype: 'error_max_turns', result: undefined, errors: ['one', 'two'] };
    expect(await failureOf(failure)).toMatchObject({
      message: 'the claude CLI reported a failure (error_max_turns)',
      logDetail: 'one; two',
    });
  });
});
