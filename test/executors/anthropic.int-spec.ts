import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  AnthropicApiError,
  AnthropicExecutor,
  type AnthropicExecutorOptions,
  type CompletionRequest,
  createWorkerPool,
} from 'nestjs-worker-pool';
import { freePort, MessagesApi, within } from '@test/support/index.js';

interface Facts {
  body: Record<string, unknown>;
  headers: Record<string, string>;
}

let api: MessagesApi;
let executors: AnthropicExecutor[];

beforeEach(async () => {
  api = await MessagesApi.start();
  executors = [];
});

afterEach(async () => {
  await Promise.all(executors.map((executor) => executor.close()));
  await api.stop();
});

function make(options: AnthropicExecutorOptions = {}): AnthropicExecutor {
  const executor = new AnthropicExecutor({
    apiKey: api.key,
    baseUrl: api.url,
    defaultModel: 'claude-haiku-4-5',
    maxRetries: 0,
    ...options,
  });
  executors.push(executor);
  return executor;
}

const context = (signal: AbortSignal = new AbortController().signal) => ({ taskId: 'task', signal });

const run = (request: CompletionRequest, options?: AnthropicExecutorOptions) =>
  make(options).execute(request, context());

const mark = (behaviour: string): CompletionRequest => ({ prompt: `[[api ${behaviour}]]` });

async function factsOf(request: CompletionRequest, options?: AnthropicExecutorOptions): Promise<Facts> {
  return JSON.parse((await run(request, options)).completion) as Facts;
}

/** The error that a request ends with. */
async function failureOf(request: CompletionRequest, options?: AnthropicExecutorOptions): Promise<unknown> {
  return run(request, options).then(
    () => 'an answer',
    (error: unknown) => error,
  );
}

describe('the completion of the AnthropicExecutor', () => {
  it('has the text, the usage that the API reports, and its price', async () => {
    expect(await run(mark('text forty-two'))).toMatchObject({
      completion: 'forty-two',
      usage: {
        input_tokens: 11,
        output_tokens: 7,
        cache_creation_input_tokens: 20,
        cache_read_input_tokens: 100,
        cache_creation: { ephemeral_5m_input_tokens: 5, ephemeral_1h_input_tokens: 15 },
        output_tokens_details: { thinking_tokens: 2 },
        service_tier: 'standard',
      },
      // 11 × 1 + 7 × 5 + 5 × 1.25 + 15 × 2 + 100 × 0.1 dollars per million.
      cost: expect.closeTo(92.25 / 1_000_000, 12),
      model: 'claude-haiku-4-5',
      stopReason: 'end_turn',
      content: [{ type: 'text', text: 'forty-two' }],
    });
  });

  it.each([
    ['refusal', { stopReason: 'refusal', stopDetails: { type: 'refusal', category: 'cyber' } }],
    ['max-tokens', { stopReason: 'max_tokens', completion: 'An answer that' }],
    ['stop-sequence', { stopReason: 'stop_sequence', stopSequence: 'three' }],
  ])('of an answer that ends by %s', async (behaviour, answer) => {
    expect(await run(mark(behaviour))).toMatchObject(answer);
  });

  it('has thinking and tool calls', async () => {
    const { completion, content, stopReason } = await run(mark('tool-use'));
    expect([completion, stopReason]).toEqual(['Let me look.', 'tool_use']);
    expect(content).toEqual([
      { type: 'text', text: 'Let me look.', citations: null },
      expect.objectContaining({ id: 'toolu_1', input: { where: ['here', 'there'], deep: true } }),
    ]);
    expect((await run(mark('thinking'))).content).toEqual([
      { type: 'thinking', thinking: 'Hm, so.', signature: 'c2ln' },
      expect.objectContaining({ text: 'Done.' }),
    ]);
  });

  it('is the plain data of a task, also through a pool', async () => {
    const pool = createWorkerPool({ executor: make() });
    const result = await pool.run(mark('tool-use'));
    await pool.close();
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
    expect(result).toMatchObject({ status: 'completed', usage: { cache_read_input_tokens: 100 } });
  });
});

describe('the request of the AnthropicExecutor to the API', () => {
  it('has the prompt as a turn of the user, with the defaults', async () => {
    const { body, headers } = await factsOf({ prompt: 'Hello' }, { defaultMaxTokens: 99 });
    expect(body).toEqual({
      model: 'claude-haiku-4-5',
      max_tokens: 99,
      messages: [{ role: 'user', content: 'Hello' }],
      stream: true,
    });
    expect(headers['anthropic-version']).toBe('2026-10-21');
  });

  it('has every field unchanged, and the model behind an alias', async () => {
    const request: CompletionRequest = {
      messages: [
        {
          role: 'user',
          content: [{ type: 'image', source: { type: 'url', url: 'https://a.example/b.png' } }],
        },
        { role: 'assistant', content: 'A cat.' },
        { role: 'user', content: 'Sure?' },
      ],
      system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
      max_tokens: 10,
      stop_sequences: ['END'],
      tools: [{ name: 'look', input_schema: { type: 'object' } }],
      tool_choice: { type: 'auto' },
      thinking: { type: 'adaptive' },
      output_config: { effort: 'low' },
      cache_control: { type: 'ephemeral' },
      metadata: { user_id: 'u-1' },
    };
    const modelAliases = { fast: 'claude-haiku-5-5' };
    const { body } = await factsOf({ ...request, model: 'fast' }, { modelAliases });
    expect(body).toEqual({ ...request, model: 'claude-haiku-5-5', stream: true });
  });

  it('has sampling parameters in a version of the API that accepts them', async () => {
    const { body, headers } = await factsOf({ prompt: 'a', temperature: 0, top_p: 0.5, top_k: 3 });
    expect(body).toMatchObject({ temperature: 0, top_p: 0.5, top_k: 3 });
    expect(headers['anthropic-version']).toBe('2023-06-01');
  });
});

describe('the token count of the AnthropicExecutor', () => {
  const { signal } = new AbortController();

  it('calls the API with the input fields only', async () => {
    const tools = [{ name: 'look', input_schema: {} }];
    const input = { system: 'Be brief.', tools, tool_choice: { type: 'auto' } };
    const rest = { max_tokens: 5, temperature: 1, stop_sequences: ['a'], metadata: { user_id: 'u' } };
    const executor = make({ modelAliases: { fast: 'claude-haiku-5-5' } });
    const prompt = '[[api count 42]]';
    expect(await executor.countTokens({ prompt, model: 'fast', ...input, ...rest }, signal)).toBe(42);
    const messages = [{ role: 'user', content: prompt }];
    expect(api.calls.map(({ body }) => body)).toEqual([{ model: 'claude-haiku-5-5', messages, ...input }]);
  });

  it('fails like a request, also on a reply without a count', async () => {
    const count = (behaviour: string): Promise<number> => make().countTokens(mark(behaviour), signal);
    await expect(count('overloaded')).rejects.toBeInstanceOf(AnthropicApiError);
    await expect(count('no-count')).rejects.toThrow('the Anthropic API returned no token count');
    await expect(make().countTokens({ prompt: '' }, signal)).rejects.toMatchObject({ field: 'prompt' });
  });

  it('ends with the signal, and with the executor', async () => {
    const leaving = new AbortController();
    const executor = make();
    const left = executor.countTokens(mark('silent'), leaving.signal);
    const closed = executor.countTokens(mark('silent'), signal);
    await api.call(1);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    await Promise.all([executor.close(), expect(closed).rejects.toThrow('the executor was closed')]);
    expect(await Promise.all(api.calls.map(({ ended }) => ended))).toEqual(['gone', 'gone']);
  });
});

describe('a request to the Anthropic API fails', () => {
  it.each([
    ['forbidden', { code: 'ERR_ANTHROPIC_PERMISSION', upstream: { status: 403, type: 'permission_error' } }],
    ['broken', { code: 'ERR_ANTHROPIC_API', upstream: { status: 500, type: 'api_error' } }],
    ['overloaded', { code: 'ERR_ANTHROPIC_OVERLOADED', upstream: { status: 529, type: 'overloaded_error' } }],
    ['late-overload', { code: 'ERR_ANTHROPIC_OVERLOADED', upstream: { status: 529 } }],
    ['proxy', { code: 'ERR_ANTHROPIC_API', upstream: { status: 502, type: null, retryAfterMs: null } }],
    ['cut-early', { code: 'ERR_ANTHROPIC_CONNECTION', upstream: { status: null, type: null } }],
    ['cut', { code: 'ERR_ANTHROPIC_CONNECTION', upstream: { status: null, type: null } }],
    ['cut-short', { code: 'ERR_ANTHROPIC_CONNECTION', upstream: { status: null, type: null } }],
    ['no-usage', { code: 'ERR_EXECUTOR_FAILED', message: expect.stringContaining('usage.input_tokens') }],
  ])('by %s', async (behaviour, failure) => {
    expect(await failureOf(mark(behaviour))).toMatchObject(failure);
    expect(api.calls).toHaveLength(1);
  });

  it('by a limit, with the requested delay and the id of the request', async () => {
    expect(await failureOf(mark('rate-limit 7'))).toMatchObject({
      name: 'AnthropicApiError',
      code: 'ERR_ANTHROPIC_RATE_LIMIT',
      message: 'the Anthropic API answered 429 rate_limit_error: too fast',
      upstream: { status: 429, type: 'rate_limit_error', retryAfterMs: 7_000 },
      requestId: 'req_test',
    });
    const tomorrow = new Date(Date.now() + 86_400_000).toUTCString();
    const { upstream } = (await failureOf(mark(`rate-limit ${tomorrow}`))) as AnthropicApiError;
    expect(upstream.retryAfterMs).toBeGreaterThan(86_000_000);
    expect(upstream.retryAfterMs).toBeLessThanOrEqual(86_400_000);
  });

  it('with a wrong key', async () => {
    const failure = await failureOf({ prompt: 'a' }, { apiKey: 'sk-ant-wrong' });
    expect(failure).toMatchObject({
      code: 'ERR_ANTHROPIC_AUTHENTICATION',
      upstream: { status: 401 },
      message: 'the Anthropic API answered 401 authentication_error',
      logDetail: 'invalid x-api-key',
    });
  });

  it('with the message of the API, without prompt and key', async () => {
    const secret = 'my secret question';
    const failure = (await failureOf({ prompt: `[[api invalid]] ${secret}` })) as AnthropicApiError;
    expect(failure).toMatchObject({ code: 'ERR_ANTHROPIC_INVALID_REQUEST', upstream: { status: 400 } });
    expect(failure.message).toContain('max_tokens: too many');
    expect(JSON.stringify([failure.message, failure])).not.toContain(secret);
    expect(JSON.stringify([failure.message, failure])).not.toContain(api.key);
    // The sender alone may read it.
    expect(failure.upstream.body).toContain(secret);
    expect(failure.upstream.body).not.toContain(api.key);
  });

  it('with its status alone if its body has more than 256 KiB', async () => {
    const failure = (await failureOf({
      prompt: `[[api invalid]] ${'x'.repeat(262_144)}`,
    })) as AnthropicApiError;
    expect(failure).toMatchObject({
      code: 'ERR_ANTHROPIC_INVALID_REQUEST',
      message: 'the Anthropic API answered 400',
      upstream: { status: 400, type: null },
      requestId: 'req_test',
    });
    expect(failure.upstream.body).toBeUndefined();
  });

  it('when the API cannot be reached', async () => {
    const baseUrl = `http://127.0.0.1:${await freePort()}`;
    expect(await failureOf({ prompt: 'a' }, { baseUrl })).toMatchObject({
      code: 'ERR_ANTHROPIC_CONNECTION',
      message: 'the Anthropic API gave no answer (ECONNREFUSED)',
    });
  });

  it('when the answer does not begin in time', async () => {
    const failure = await failureOf(mark('silent'), { timeoutMs: 50 });
    expect(failure).toMatchObject({ code: 'ERR_ANTHROPIC_TIMEOUT', upstream: { status: null } });
    expect(await (await api.call(0)).ended).toBe('gone');
  });

  it('as the error of a task, with the failure of the API', async () => {
    const pool = createWorkerPool({ executor: make() });
    const { status, error } = await pool.run(mark('rate-limit 1'));
    await pool.close();
    expect([status, error]).toEqual([
      'failed',
      {
        code: 'ERR_ANTHROPIC_RATE_LIMIT',
        message: 'the Anthropic API answered 429 rate_limit_error: too fast',
        upstream: {
          status: 429,
          type: 'rate_limit_error',
          retryAfterMs: 1_000,
          isFinal: false,
          requestId: 'req_test',
          body: '{"type":"error","error":{"type":"rate_limit_error","message":"too fast"},"request_id":"req_test"}',
        },
      },
    ]);
  });
});

describe('an attempt that failed', () => {
  it('is repeated before the answer has begun', async () => {
    api.script.push('overloaded', 'cut-early', 'text at last');
    expect((await run({ prompt: 'a' }, { maxRetries: 2 })).completion).toBe('at last');
    expect(api.calls).toHaveLength(3);
  });

  it.each(['cut', 'invalid'])('is never repeated after %s', async (behaviour) => {
    await failureOf(mark(behaviour), { maxRetries: 2 });
    expect(api.calls).toHaveLength(1);
  });
});

describe('a request that is cancelled', () => {
  it.each(['silent', 'hang'])('is closed at the API immediately (%s)', async (behaviour) => {
    const controller = new AbortController();
    const answer = make().execute(mark(behaviour), context(controller.signal));
    const { ended } = await api.call(0);
    const reason = new Error('cancelled by the user');
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(await within(ended, { what: 'the end of the request at the API' })).toBe('gone');
  });

  it('also ends while it waits for its next attempt', async () => {
    const controller = new AbortController();
    const answer = make({ maxRetries: 1 }).execute(mark('rate-limit 600'), context(controller.signal));
    expect(await (await api.call(0)).ended).toBe('answered');
    controller.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    expect(api.calls).toHaveLength(1);
  });

  it('ends when the executor is closed, which then refuses requests', async () => {
    const executor = make();
    const answer = executor.execute(mark('hang'), context());
    const { ended } = await api.call(0);
    await Promise.all([executor.close(), expect(answer).rejects.toThrow('the executor was closed')]);
    expect(await within(ended, { what: 'the end of the request at the API' })).toBe('gone');
    await expect(executor.execute({ prompt: 'a' }, context())).rejects.toThrow('the executor was closed');
  });

  it('is not sent when the signal has already aborted', async () => {
    const reason = new Error('too late');
    await expect(make().execute({ prompt: 'a' }, context(AbortSignal.abort(reason)))).rejects.toBe(reason);
    expect(api.calls).toEqual([]);
  });
});
