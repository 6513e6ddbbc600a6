import { createHook } from 'node:async_hooks';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type CompletionEvent, OfflineExecutor, type OfflineExecutorOptions } from 'nestjs-worker-pool';
import { SummaryThreads } from '../../libs/worker-pool/dist/core/executors/offline/summary-threads.js';
import { spawnNode, until, within } from '@test/support/index.js';

const BUILT = new URL('../../libs/worker-pool/dist/core/executors/offline/', import.meta.url);
const TEXT = 'Redis keeps data in memory. A cache in Redis answers quickly. Tea is nice. The queue waits. ';
const LONG_TEXT = TEXT.repeat(3_000);

const context = (signal: AbortSignal = new AbortController().signal) => ({ taskId: 'task', signal });

const delta = (text: string) => ({
  type: 'content_block_delta',
  index: 0,
  delta: { type: 'text_delta', text },
});

/** Counts the threads that this process starts. */
const countThreads = (): { readonly started: number; stop(): void } => {
  let started = 0;
  const hook = createHook({
    init: (_id, type) => {
      started += type === 'WORKER' ? 1 : 0;
    },
  }).enable();
  return {
    get started() {
      return started;
    },
    stop: () => hook.disable(),
  };
};

describe('OfflineExecutor', () => {
  const executors: OfflineExecutor[] = [];
  const make = (options: OfflineExecutorOptions = {}): OfflineExecutor => {
    const executor = new OfflineExecutor({ maxThreads: 1, ...options });
    executors.push(executor);
    return executor;
  };
  let threads: ReturnType<typeof countThreads>;

  beforeEach(() => {
    threads = countThreads();
  });

  afterEach(async () => {
    threads.stop();
    await Promise.all(executors.splice(0).map((executor) => executor.close()));
  });

  it('emits its extract sentence by sentence, as the events of a message', async () => {
    const events: CompletionEvent[] = [];
    const emit = (event: CompletionEvent): void => void events.push(event);
    const taskId = '0b1c2d3e-0000-4000-8000-000000000000';
    const { usage } = await make().execute({ prompt: TEXT }, { ...context(), taskId, emit });
    expect(events).toEqual([
      {
        type: 'message_start',
        message: {
          id: 'msg_0b1c2d3e000040008000000000000000',
          type: 'message',
          role: 'assistant',
          model: 'offline-extractive',
          content: [],
          stop_reason: null,
          stop_sequence: null,
          stop_details: null,
          container: null,
          diagnostics: null,
          usage: { input_tokens: 22, output_tokens: 0 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '', citations: null } },
      delta('Redis keeps data in memory. '),
      delta('A cache in Redis answers quickly.'),
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null, stop_details: null, container: null },
        usage,
      },
      { type: 'message_stop' },
    ]);
  });

  it('returns an extract of the prompt, its own name and no cost', async () => {
    const answer = await make().execute({ prompt: TEXT, model: 'some-model' }, context());
    expect(answer).toEqual({
      completion: 'Redis keeps data in memory. A cache in Redis answers quickly.',
      usage: { input_tokens: 22, output_tokens: 13 },
      cost: 0,
      model: 'offline-extractive',
      stopReason: 'end_turn',
      content: [{ type: 'text', text: answer.completion }],
    });
  });

  it('counts the system prompt, and reports a truncated sentence', async () => {
    const executor = make();
    const plain = await executor.execute({ prompt: TEXT }, context());
    const answer = await executor.execute({ prompt: TEXT, system: 'Be brief.', max_tokens: 2 }, context());
    expect(answer.usage).toEqual({ input_tokens: plain.usage.input_tokens + 3, output_tokens: 2 });
    expect(answer.stopReason).toBe('max_tokens');
    expect(TEXT).toContain(answer.completion);
  });

  it('summarises the turns of the user and counts the whole conversation', async () => {
    const executor = make();
    const messages = [
      { role: 'user' as const, content: 'Redis keeps data.' },
      { role: 'assistant' as const, content: 'Bananas are yellow.' },
      { role: 'user' as const, content: 'Redis keeps queues.' },
    ];
    const answer = await executor.execute({ messages }, context());
    const userOnly = await executor.execute(
      { messages: messages.filter(({ role }) => role === 'user') },
      context(),
    );
    expect(answer.completion).toBe(userOnly.completion);
    expect(answer.usage.input_tokens).toBeGreaterThan(userOnly.usage.input_tokens);
  });

  it('counts the input without a completion', async () => {
    const executor = make();
    const { signal } = context();
    const request = { prompt: TEXT, system: 'Be brief.' };
    const { usage } = await executor.execute({ ...request, max_tokens: 2 }, context());
    expect(await executor.countTokens(request, signal)).toBe(usage.input_tokens);
    await expect(executor.countTokens({ ...request, top_p: 1 }, signal)).rejects.toMatchObject({
      field: 'top_p',
    });
    await executor.close();
    await expect(executor.countTokens(request, signal)).rejects.toThrow('closed');
  });

  it('leaves the event loop free while it reads a long text', async () => {
    const executor = make();
    await executor.execute({ prompt: TEXT }, context());
    const answer = executor.execute({ prompt: LONG_TEXT }, context());
    const ended = new AbortController();
    void answer.finally(() => ended.abort());
    let turns = 0;
    while (!ended.signal.aborted) {
      await nextTurn();
      turns += 1;
    }
    expect((await answer).usage.input_tokens).toBeGreaterThan(60_000);
    expect(turns).toBeGreaterThan(100);
  });

  it.each([
    ['one endless word', 'a'.repeat(500_000)],
    ['one endless sign', '.'.repeat(500_000)],
    ['endless spaces', `x${' '.repeat(500_000)}y`],
    ['endless lines', `x${' \n'.repeat(250_000)}y`],
    ['countless sentences of one word', 'Go. '.repeat(125_000)],
    ['countless words without a stop', 'a '.repeat(250_000)],
  ])('summarises half a megabyte of %s', async (_name, prompt) => {
    const answer = await make().execute({ prompt }, context());
    expect(answer.usage.input_tokens).toBeGreaterThan(0);
    expect(answer.usage.output_tokens).toBeGreaterThan(0);
  });

  it('starts no thread before the first request and keeps within maxThreads', async () => {
    const executor = make({ maxThreads: 1 });
    await nextTurn();
    expect(threads.started).toBe(0);
    await Promise.all([1, 2, 3].map(() => executor.execute({ prompt: TEXT }, context())));
    expect(threads.started).toBe(1);
  });

  it('ends an idle thread', async () => {
    const executor = make({ idleTimeoutMs: 0 });
    const answerOnNewThread = async (): Promise<boolean> => {
      await executor.execute({ prompt: TEXT }, context());
      return threads.started > 1;
    };
    await until(answerOnNewThread, { what: 'a second thread in place of the idle one' });
  });

  it('stops on the signal, with its reason, and executes the next request', async () => {
    const executor = make();
    await executor.execute({ prompt: TEXT }, context());
    const controller = new AbortController();
    const answer = executor.execute({ prompt: LONG_TEXT }, context(controller.signal));
    const reason = new Error('the user left');
    controller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await expect(executor.execute({ prompt: TEXT }, context())).resolves.toMatchObject({ cost: 0 });
    expect(threads.started).toBe(2);
  });

  it('starts nothing for a signal that has already aborted', async () => {
    const reason = new Error('too late');
    const answer = make().execute({ prompt: TEXT }, context(AbortSignal.abort(reason)));
    await expect(answer).rejects.toBe(reason);
    expect(threads.started).toBe(0);
  });

  it('refuses a bad request', async () => {
    await expect(make().execute({ prompt: ' ' }, context())).rejects.toMatchObject({
      code: 'ERR_INVALID_REQUEST',
      field: 'prompt',
    });
  });

  it('ends running requests when it is closed, and refuses new ones', async () => {
    const executor = make();
    const running = executor.execute({ prompt: LONG_TEXT }, context());
    const outcome = expect(running).rejects.toThrow('the offline executor was closed');
    await Promise.all([executor.close(), executor.close()]);
    await executor.close();
    await outcome;
    await expect(executor.execute({ prompt: TEXT }, context())).rejects.toThrow('closed');
  });

  it('does not keep the process alive, even when it is not closed', async () => {
    const url = new URL('offline.executor.js', BUILT).href;
    const script = `
      import { OfflineExecutor } from ${JSON.stringify(url)};
      const executor = new OfflineExecutor({ idleTimeoutMs: 3_600_000 });
      const { model } = await executor.execute({ prompt: 'Hello.' }, { taskId: 't', signal: new AbortController().signal });
      console.log(model);`;
    const child = spawnNode('--eval', { nodeArgs: ['--input-type=module'], args: [script] });
    await child.waitForLine(/^offline-extractive$/);
    await expect(within(child.exited, { what: 'the end of the process' })).resolves.toMatchObject({
      code: 0,
    });
  });
});

describe('SummaryThreads', () => {
  it('reports a thread that cannot start instead of waiting for it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'broken-worker-'));
    const file = join(folder, 'broken.mjs');
    await writeFile(file, 'throw new Error("cannot start");');
    const threads = new SummaryThreads({ maxThreads: 1, idleTimeoutMs: 0 }, file);
    const job = { text: TEXT, context: [] };
    const { signal } = new AbortController();
    try {
      await expect(threads.run(job, signal)).rejects.toThrow();
      await writeFile(
        file,
        `export { default } from ${JSON.stringify(new URL('offline.worker.js', BUILT).href)};`,
      );
      await expect(threads.run(job, signal)).resolves.toMatchObject({ cut: false });
    } finally {
      await threads.close();
      await rm(folder, { recursive: true });
    }
  });
});
