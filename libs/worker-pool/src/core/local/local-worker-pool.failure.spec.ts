import { beforeEach, describe, expect, it } from '@jest/globals';
import { ExecutorError, UnsupportedParameterError } from '../contract/errors.js';
import { answerOf } from './spec-support/controlled-executor.js';
import { poolOf as createPool } from './spec-support/make-pool.js';

const SECRET = 'my secret prompt';
const lines: string[] = [];
const record = (...parts: unknown[]): void => {
  lines.push(parts.join(' '));
};

beforeEach(() => {
  lines.length = 0;
});

const poolOf: typeof createPool = (execute, limits) =>
  createPool(execute, { logger: { warn: record, error: record }, ...limits });

describe('LocalWorkerPool: an executor that fails', () => {
  it("a typed error's code and message become the result's error", async () => {
    const pool = poolOf(async () => {
      throw new UnsupportedParameterError('temperature', 'function');
    });
    expect(await pool.run({ prompt: 'hello' })).toMatchObject({
      status: 'failed',
      completion: null,
      content: null,
      error: {
        code: 'ERR_UNSUPPORTED_PARAMETER',
        message: 'temperature is not supported by the function executor',
      },
    });
    expect(lines).toEqual([]);
  });

  it('an executor error is ERR_EXECUTOR_FAILED', async () => {
    const pool = poolOf(() => Promise.reject(new ExecutorError('the service answered 529')));
    const { error } = await pool.run({ prompt: 'hello' });
    expect(error).toEqual({ code: 'ERR_EXECUTOR_FAILED', message: 'the service answered 529' });
  });

  it.each([
    ['throws synchronously', () => raise(new TypeError(`bad: ${SECRET}`)), 'TypeError'],
    ['rejects', () => Promise.reject(new Error(SECRET)), 'Error'],
    ['rejects with a system error', () => Promise.reject(systemError()), 'Error ENOENT'],
    ['rejects with a text', () => Promise.reject(SECRET), 'unknown error'],
    ['rejects with nothing', () => Promise.reject(), 'unknown error'],
    ['quotes the prompt', async () => JSON.parse(SECRET) as unknown, 'SyntaxError'],
  ])('one that %s fails the task, and neither result nor log quotes it', async (_name, execute, kind) => {
    const pool = poolOf(execute);
    const result = await pool.run({ prompt: SECRET });
    expect(result).toMatchObject({
      status: 'failed',
      error: { code: 'ERR_EXECUTOR_FAILED', message: `the function executor failed: ${kind}` },
    });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(kind);
    expect(JSON.stringify(result) + lines.join('')).not.toContain('secret');
    expect(await pool.stats()).toMatchObject({ failed: 1, running: 0, lingering: 0 });
  });

  it('the log contains the stack of a foreign error', async () => {
    const pool = poolOf(() => raise(new Error(SECRET)));
    await pool.run({ prompt: SECRET });
    expect(lines[0]).toMatch(/at .*local-worker-pool\.failure\.spec/);
  });

  it.each([
    ['nothing', undefined, 'completion'],
    ['a text', 'an answer', 'completion'],
    ['no completion', answerOf({ completion: undefined }), 'completion'],
    ['a negative count', answerOf({ usage: { input_tokens: 1, output_tokens: -1 } }), 'usage.output_tokens'],
    ['an infinite cost', answerOf({ cost: Number.POSITIVE_INFINITY }), 'cost'],
    ['a block without type', answerOf({ content: [{ text: 'x' } as never] }), 'content.0.type'],
  ])('one that returns %s fails the task and names the field', async (_name, answer, field) => {
    const pool = poolOf(() => Promise.resolve(answer));
    expect(await pool.run({ prompt: 'hello' })).toMatchObject({
      status: 'failed',
      completion: null,
      error: {
        code: 'ERR_MALFORMED_COMPLETION',
        message: `the executor returned a malformed completion: ${field} is missing or invalid`,
      },
    });
  });

  it('a completion that is not a promise is accepted', async () => {
    const pool = poolOf(() => answerOf());
    expect(await pool.run({ prompt: 'hello' })).toMatchObject({ status: 'completed' });
  });

  it('a failure frees the worker for the next task', async () => {
    const pool = poolOf(({ prompt }) => (prompt === 'bad' ? raise(new Error('no')) : answerOf()), {
      concurrency: 1,
    });
    const results = await Promise.all(['bad', 'good', 'bad', 'good'].map((prompt) => pool.run({ prompt })));
    expect(results.map(({ status }) => status)).toEqual(['failed', 'completed', 'failed', 'completed']);
  });
});

function raise(error: Error): never {
  throw error;
}

function systemError(): Error {
  return Object.assign(new Error(`spawn ${SECRET}`), { code: 'ENOENT' });
}
