import { describe, expect, it } from '@jest/globals';
import { ClaudeCliError, completionOf, parseResult } from './claude-cli.result.js';
import { ExecutorError } from '../../contract/errors.js';

const report = {
  type: 'result',
  subtype: 'success',
  is_error: false,
  result: 'Hello',
  total_cost_usd: 0.5,
  usage: { input_tokens: 2, output_tokens: 3 },
};

const read = (patch: object, model = 'requested') => {
  const result = parseResult(JSON.stringify({ ...report, ...patch }));
  if (!result) {
    throw new Error('no report');
  }
  return completionOf(result, model, ['the secret prompt']);
};

describe('parseResult', () => {
  it.each([
    ['nothing', ''],
    ['text', 'Hello'],
    ['half a report', JSON.stringify(report).slice(0, -5)],
    ['null', 'null'],
    ['another object', '{"type":"system"}'],
    ['a report without is_error', '{"type":"result","subtype":"success"}'],
    ['no message at all', '[]'],
  ])('finds no report in %s', (_name, output) => {
    expect(parseResult(output)).toBeUndefined();
  });

  it('finds the last report among all messages', () => {
    const messages = [{ type: 'result', subtype: 'old', is_error: true }, null, report, { type: 'other' }];
    expect(parseResult(JSON.stringify(messages))?.result).toBe('Hello');
  });
});

describe('completionOf', () => {
  it('fills in what older versions of the CLI leave out', () => {
    expect(read({})).toMatchObject({ model: 'requested', stopReason: 'end_turn' });
    expect(read({ stop_reason: null, modelUsage: {} })).toMatchObject({
      model: 'requested',
      stopReason: 'end_turn',
    });
    expect(read({ usage: { ...report.usage, cache_read_input_tokens: null } }).usage.input_tokens).toBe(2);
  });

  it('names the model with the most output tokens', () => {
    const modelUsage = { 'small-one': { outputTokens: 5 }, 'big-one': { outputTokens: 900 }, 'odd-one': {} };
    expect(read({ modelUsage }).model).toBe('big-one');
    expect(read({ modelUsage: { first: {}, second: {} } }).model).toBe('first');
  });

  it('ignores fields that it does not know', () => {
    expect(read({ brand_new: { deep: 1 } }).completion).toBe('Hello');
  });

  it.each([
    ['result', { result: undefined }],
    ['total_cost_usd', { total_cost_usd: undefined }],
    ['total_cost_usd', { total_cost_usd: -1 }],
    ['usage', { usage: undefined }],
    ['usage.output_tokens', { usage: { input_tokens: 1 } }],
  ])('does not invent %s', (field, patch) => {
    expect(() => read(patch)).toThrow(ExecutorError);
    expect(() => read(patch)).toThrow(`${field} is missing`);
  });

  it('fails with the message of the CLI, without the prompt', () => {
    const failure = { is_error: true, result: 'cannot answer: the secret prompt!' };
    expect(() => read(failure)).toThrow(ClaudeCliError);
    expect(() => read(failure)).toThrow('the claude CLI reported a failure: cannot answer: […]!');
  });

  it('fails for a subtype other than success, even without is_error', () => {
    const failure = { subtype: 'error_max_turns', result: undefined, errors: ['one', 'two'] };
    expect(() => read(failure)).toThrow('the claude CLI reported a failure (error_max_turns): one; two');
  });
});
