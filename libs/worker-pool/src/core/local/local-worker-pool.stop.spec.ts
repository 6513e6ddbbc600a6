import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { TaskCancelledError, TaskTimeoutError } from '../contract/errors.js';
import { ControlledExecutor } from './spec-support/controlled-executor.js';
import { makePool, poolOf } from './spec-support/make-pool.js';

const NEVER = new Promise<never>(() => {});

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
});

afterEach(() => {
  jest.useRealTimers();
});

describe('LocalWorkerPool: time limit of a run', () => {
  it('ends a run as timeout after 120 s by default', async () => {
    const { pool, executor } = makePool();
    const result = pool.run({ prompt: 'hangs' });
    await jest.advanceTimersByTimeAsync(119_999);
    expect(await pool.stats()).toMatchObject({ running: 1, timedOut: 0 });
    await jest.advanceTimersByTimeAsync(1);
    expect(await result).toMatchObject({
      status: 'timeout',
      completion: null,
      usage: null,
      cost: null,
      error: { code: 'ERR_TASK_TIMEOUT', message: 'the run took longer than its limit of 120000 ms' },
    });
    expect(executor.calls[0]?.context.signal.reason).toBeInstanceOf(TaskTimeoutError);
    expect(await pool.stats()).toMatchObject({ running: 0, lingering: 0, timedOut: 1 });
  });

  it('the limit of a submission overrides that of the pool', async () => {
    const { pool } = makePool({ taskTimeoutMs: 1_000 });
    const short = pool.run({ prompt: 'short' }, { timeoutMs: 10 });
    const long = await pool.submit({ prompt: 'long' }, { timeoutMs: 5_000 });
    await jest.advanceTimersByTimeAsync(4_999);
    expect(await short).toMatchObject({ status: 'timeout' });
    expect(await pool.getTask(long)).toMatchObject({ status: 'running' });
    await jest.advanceTimersByTimeAsync(1);
    expect(await pool.getTask(long)).toMatchObject({ status: 'timeout' });
  });

  it('the limit excludes the wait in the backlog', async () => {
    const { pool, executor } = makePool({ concurrency: 1, taskTimeoutMs: 1_000 });
    void pool.submit({ prompt: 'first' }, { timeoutMs: 60_000 });
    const second = await pool.submit({ prompt: 'second' });
    await jest.advanceTimersByTimeAsync(50_000);
    (await executor.call(0)).complete();
    await executor.call(1);
    await jest.advanceTimersByTimeAsync(999);
    expect(await pool.getTask(second)).toMatchObject({ status: 'running' });
  });

  it('an executor that ignores its signal keeps its worker, but its task ends for the waiter', async () => {
    const { pool, executor } = makePool({ concurrency: 1 }, new ControlledExecutor(false));
    const stubborn = pool.run({ prompt: 'stubborn' }, { timeoutMs: 100 });
    const next = await pool.submit({ prompt: 'next' });
    await jest.advanceTimersByTimeAsync(100);
    expect(await stubborn).toMatchObject({ status: 'timeout' });
    expect(executor.calls[0]?.context.signal.aborted).toBe(true);
    expect(await pool.stats()).toMatchObject({ running: 0, lingering: 1, pending: 1 });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(executor.calls).toHaveLength(1);

    executor.calls[0]?.complete();
    (await executor.call(1)).complete();
    expect(await pool.getResult(next)).toMatchObject({ status: 'completed' });
    expect(executor.mostRunning).toBe(1);
    expect(await pool.stats()).toMatchObject({ lingering: 0, timedOut: 1, completed: 1 });
  });

  it('a completion after the limit does not change the result', async () => {
    const { pool, executor } = makePool({ concurrency: 1 }, new ControlledExecutor(false));
    const id = await pool.submit({ prompt: 'late' }, { timeoutMs: 100 });
    await jest.advanceTimersByTimeAsync(100);
    const before = await pool.getTask(id);
    executor.calls[0]?.complete();
    await pool.submit({ prompt: 'next' });
    await executor.call(1);
    expect(await pool.getTask(id)).toEqual(before);
    expect(await pool.stats()).toMatchObject({ timedOut: 1, completed: 0 });
  });

  it('an ended task leaves no timer behind, even when its executor continues', async () => {
    const { pool } = makePool({}, new ControlledExecutor(false));
    const id = await pool.submit({ prompt: 'stubborn' });
    const resultTimers = 1;
    expect(jest.getTimerCount()).toBe(1);
    await pool.cancel(id);
    expect(jest.getTimerCount()).toBe(resultTimers);
  });
});

describe('LocalWorkerPool: cancel', () => {
  it('a cancelled pending task never starts and leaves the backlog immediately', async () => {
    const { pool, executor } = makePool({ concurrency: 1, maxBacklog: 1 });
    await pool.submit({ prompt: 'first' });
    const second = await pool.submit({ prompt: 'second' });
    const waiter = pool.getResult(second);
    expect(await pool.cancel(second)).toBe(true);
    expect(await pool.stats()).toMatchObject({ pending: 0, killed: 1 });
    expect(await waiter).toMatchObject({ status: 'killed', error: { code: 'ERR_TASK_CANCELLED' } });

    const third = pool.run({ prompt: 'third' });
    (await executor.call(0)).complete();
    (await executor.call(1)).complete();
    await third;
    expect(executor.prompts).toEqual(['first', 'third']);
    expect(await pool.getTask(second)).toMatchObject({ status: 'killed', startedAt: null });
  });

  it('a cancelled running task aborts its signal, ends as killed and frees its worker', async () => {
    const { pool, executor } = makePool({ concurrency: 1 });
    const first = await pool.submit({ prompt: 'first' });
    const waiter = pool.getResult(first);
    await pool.submit({ prompt: 'second' });
    expect(await pool.cancel(first)).toBe(true);
    expect(await waiter).toMatchObject({
      taskId: first,
      status: 'killed',
      error: { code: 'ERR_TASK_CANCELLED', message: 'the task was cancelled' },
    });
    expect(executor.calls[0]?.context.signal.reason).toBeInstanceOf(TaskCancelledError);
    expect((await executor.call(1)).request.prompt).toBe('second');
  });

  it('returns false for an unknown task and for one that has ended', async () => {
    const { pool, executor } = makePool();
    expect(await pool.cancel('no-such-task')).toBe(false);
    const id = await pool.submit({ prompt: 'hello' });
    executor.calls[0]?.complete();
    await pool.getResult(id);
    expect(await pool.cancel(id)).toBe(false);
    expect(await pool.getTask(id)).toMatchObject({ status: 'completed' });
    expect(await pool.stats()).toMatchObject({ killed: 0, completed: 1 });
  });

  it('a second cancel returns false', async () => {
    const { pool } = makePool({}, new ControlledExecutor(false));
    const id = await pool.submit({ prompt: 'stubborn' });
    expect(await pool.cancel(id)).toBe(true);
    expect(await pool.cancel(id)).toBe(false);
    expect(await pool.stats()).toMatchObject({ killed: 1, lingering: 1 });
  });
});

describe('LocalWorkerPool: run with a signal', () => {
  it("rejects with the signal's reason and cancels the running task", async () => {
    const { pool, executor } = makePool();
    const controller = new AbortController();
    const reason = new Error('the client went away');
    const run = pool.run({ prompt: 'hello' }, { signal: controller.signal });
    controller.abort(reason);
    await expect(run).rejects.toBe(reason);
    expect(executor.calls[0]?.context.signal.aborted).toBe(true);
    expect(await pool.stats()).toMatchObject({ running: 0, killed: 1 });
  });

  it('cancels the task while it is still pending', async () => {
    const { pool, executor } = makePool({ concurrency: 1 });
    await pool.submit({ prompt: 'first' });
    const controller = new AbortController();
    const run = pool.run({ prompt: 'second' }, { signal: controller.signal });
    controller.abort();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
    expect(await pool.stats()).toMatchObject({ pending: 0, killed: 1 });
    expect(executor.prompts).toEqual(['first']);
  });

  it('submits nothing when the signal has already aborted', async () => {
    const { pool, executor } = makePool();
    const signal = AbortSignal.abort(new Error('too late'));
    await expect(pool.run({ prompt: 'hello' }, { signal })).rejects.toThrow('too late');
    expect(executor.calls).toHaveLength(0);
  });

  it('notices a signal that aborts while the task starts', async () => {
    const controller = new AbortController();
    const pool = poolOf(() => {
      controller.abort(new Error('in between'));
      return NEVER;
    });
    const run = pool.run({ prompt: 'hello' }, { signal: controller.signal });
    await expect(run).rejects.toThrow('in between');
    expect(await pool.stats()).toMatchObject({ killed: 1 });
  });

  it('an abort after the end changes nothing', async () => {
    const { pool, executor } = makePool();
    const controller = new AbortController();
    const run = pool.run({ prompt: 'hello' }, { signal: controller.signal });
    executor.calls[0]?.complete();
    expect(await run).toMatchObject({ status: 'completed' });
    controller.abort();
    expect(await pool.stats()).toMatchObject({ completed: 1, killed: 0 });
  });
});
