import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ClaudeCliOptions, type CompletionEvent, createWorkerPool } from 'nestjs-worker-pool';
import { until } from '@test/support/index.js';
import { ClaudeHarness, context } from './claude-harness.js';

let harness: ClaudeHarness;
let events: CompletionEvent[];

beforeEach(async () => {
  harness = await ClaudeHarness.start();
  events = [];
});

afterEach(async () => {
  const leftovers = await harness.leftovers();
  await harness.end();
  expect(leftovers).toEqual([]);
});

const emit = (event: CompletionEvent): void => void events.push(event);
const mark = (mode: string) => ({ prompt: `[[fake-claude ${mode}]]` });

const stream = (mode: string, options: ClaudeCliOptions = {}) =>
  harness.make(options).execute(mark(mode), { ...context(), emit });

const types = (): string[] => events.map(({ type }) => type);
const text = (): string =>
  events.map(({ delta }) => (Object(delta) as { text?: string }).text ?? '').join('');

const argvOf = (json: string): string[] => (JSON.parse(json) as { argv: string[] }).argv;

/** What a failed run would report as the error of its task. */
async function failureOf(run: Promise<unknown>): Promise<unknown> {
  try {
    await run;
    return 'an answer';
  } catch (error) {
    const { code, message, upstream } = error as Record<string, unknown>;
    return { code, message, upstream };
  }
}

const WHOLE = [
  'message_start',
  'content_block_start',
  'content_block_delta',
  'content_block_delta',
  'content_block_stop',
  'message_delta',
  'message_stop',
];

describe('the events of the ClaudeCliExecutor', () => {
  it('are those of the API, unchanged and without pings', async () => {
    await stream('text two words');
    expect(events).toEqual([
      {
        type: 'message_start',
        message: expect.objectContaining({ id: 'msg_fake1', model: 'fake-model-1', content: [] }),
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'two ' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'words' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 7 },
      },
      { type: 'message_stop' },
    ]);
  });

  it('come while the CLI is still running, also through a pool', async () => {
    const pool = createWorkerPool({ executor: harness.make() });
    const file = join(harness.folder, 'steps.json');
    const opened = await pool.stream(mark(`steps ${file}`));
    const iterator = opened[Symbol.asyncIterator]();
    for (const type of WHOLE.slice(0, 3)) expect((await iterator.next()).value).toMatchObject({ type });
    expect(await pool.getTask(opened.taskId)).toMatchObject({ status: 'running' });
    await until(async () => (await harness.runs()).length > 0, { what: 'the CLI to run' });
    await writeFile(`${file}.go`, '');
    for (const type of WHOLE.slice(3)) expect((await iterator.next()).value).toMatchObject({ type });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
    expect(await opened.result()).toMatchObject({ status: 'completed', completion: 'step by step' });
    await pool.close();
  });

  it('are whole, however the output is divided', async () => {
    expect(await stream('bytes')).toMatchObject({ completion: 'ä😀漢' });
    expect([types(), text()]).toEqual([WHOLE, 'ä😀漢']);
  });

  it('are not those of a subagent', async () => {
    expect(await stream('subagent')).toMatchObject({ completion: 'the answer' });
    expect([types(), text()]).toEqual([WHOLE, 'the answer']);
  });

  it.each(['again', 'fallback'])(
    'end without message_stop when the CLI repeats its call, and the completion is the last (%s)',
    async (mode) => {
      expect(await stream(mode)).toMatchObject({ completion: 'the second answer' });
      expect(types()).toEqual(WHOLE.slice(0, mode === 'again' ? 3 : 4));
    },
  );

  it.each(['single-call', 'refused', 'refused-again', 'cut-twice'])(
    'are those of the answer alone, to its end, however the CLI goes on (%s)',
    async (mode) => {
      const { completion, stopReason } = await stream(mode);
      expect([types(), text()]).toEqual([WHOLE, completion]);
      expect(events.at(-2)).toMatchObject({ delta: { stop_reason: stopReason } });
    },
  );

  it('end without message_stop when the report is one of a failure', async () => {
    await expect(stream('no-cost')).rejects.toMatchObject({ code: 'ERR_EXECUTOR_FAILED' });
    expect(types()).toEqual(WHOLE.slice(0, -1));
  });
});

describe('a streamed run of the ClaudeCliExecutor', () => {
  it('has the command line of any other run', async () => {
    const { completion: plain } = await harness.make().execute({ prompt: 'a' }, context());
    const { completion } = await harness.make().execute({ prompt: 'a' }, { ...context(), emit });
    expect(argvOf(completion)).toEqual(argvOf(plain));
  });

  it.each(['text', 'refusal', 'max-tokens', 'again'])('has the same completion: %s', async (mode) => {
    const plain = await harness.make().execute(mark(mode), context());
    expect(await stream(mode)).toEqual(plain);
  });

  it.each(['is-error', 'is-error-zero', 'max-turns', 'execution', 'garbage', 'foreign', 'exit'])(
    'fails in the same way: %s',
    async (mode) => {
      const plain = await failureOf(harness.make().execute(mark(mode), context()));
      expect(await failureOf(stream(mode))).toEqual(plain);
      expect(plain).not.toBe('an answer');
      expect(types()).not.toContain('message_stop');
    },
  );

  it('may be larger than the limit as long as each line is not', async () => {
    const long = 'x'.repeat(1_000);
    expect(await stream(`text ${long}`, { maxOutputBytes: 2_600 })).toMatchObject({ completion: long });
    await expect(stream(`text ${long}`, { maxOutputBytes: 1_000 })).rejects.toMatchObject({
      code: 'ERR_PROCESS_OUTPUT_LIMIT',
    });
  });

  it.each(['endless', 'flood'])('is ended when its output does not end (%s)', async (mode) => {
    await expect(stream(mode, { maxOutputBytes: 200_000 })).rejects.toMatchObject({
      code: 'ERR_PROCESS_OUTPUT_LIMIT',
    });
  });

  it('is ended when it writes nothing for too long', async () => {
    const file = join(harness.folder, 'steps.json');
    await expect(stream(`steps ${file}`, { idleTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'ERR_PROCESS_TIMEOUT',
      kind: 'idle',
    });
  });

  it('ends with its signal', async () => {
    const file = join(harness.folder, 'steps.json');
    const leaver = new AbortController();
    const executor = harness.make();
    const run = executor.execute(mark(`steps ${file}`), { ...context(leaver.signal), emit });
    await until(() => events.length >= 3, { what: 'the first events' });
    leaver.abort(new Error('left'));
    await expect(run).rejects.toThrow('left');
  });
});
