import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { InvalidRequestError, ResultTimeoutError, TaskNotFoundError } from '../contract/errors.js';
import { makePool, poolOf } from './spec-support/make-pool.js';
import { answerOf } from './spec-support/controlled-executor.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'], now: 999_999 });
  // lru-cache takes a start at 0 on its clock, where the fake one begins, for "no time to live".
  jest.advanceTimersByTime(1);
});

afterEach(() => {
  jest.useRealTimers();
});

describe('LocalWorkerPool: the result of a task', () => {
  it("contains the executor's completion", async () => {
    const pool = poolOf(async () => answerOf());
    const result = await pool.run({ prompt: 'hello' });
    expect(result).toEqual({ taskId: result.taskId, status: 'completed', ...answerOf(), error: null });
  });

  it('waiters of one task share one result', async () => {
    const { pool, executor } = makePool();
    const id = await pool.submit({ prompt: 'hello' });
    const waiters = [1, 2, 3].map(() => pool.getResult(id));
    executor.calls[0]?.complete();
    const [first, ...others] = await Promise.all(waiters);
    expect(first).toMatchObject({ status: 'completed' });
    others.push(await pool.getResult(id));
    expect(others.every((other) => other === first)).toBe(true);
    expect(executor.calls).toHaveLength(1);
  });

  it('is frozen at every depth', async () => {
    const block = { type: 'tool_use', input: { list: [1] } };
    const pool = poolOf(async () => answerOf({ content: [block] }));
    const result = await pool.run({ prompt: 'hello' });
    const content = result.content as (typeof block)[];
    expect(Object.isFrozen(result)).toBe(true);
    expect(Object.isFrozen(result.usage)).toBe(true);
    expect(() => content[0]?.input.list.push(2)).toThrow(TypeError);
  });

  it('a snapshot contains status and times from submission to end', async () => {
    const { pool, executor } = makePool({ concurrency: 1 });
    await pool.submit({ prompt: 'first' });
    const taskId = await pool.submit({ prompt: 'second' });
    const pending = { taskId, status: 'pending', submittedAt: 1_000_000, startedAt: null };
    expect(await pool.getTask(taskId)).toEqual({ ...pending, finishedAt: null, result: null });
    await jest.advanceTimersByTimeAsync(100);
    (await executor.call(0)).complete();
    const call = await executor.call(1);
    const running = { ...pending, status: 'running', startedAt: 1_000_100 };
    expect(await pool.getTask(taskId)).toEqual({ ...running, finishedAt: null, result: null });
    await jest.advanceTimersByTimeAsync(100);
    call.complete();
    const result = await pool.getResult(taskId);
    const completed = { ...running, status: 'completed', finishedAt: 1_000_200, result };
    expect(await pool.getTask(taskId)).toEqual(completed);
  });
});

describe('LocalWorkerPool: the wait for a result', () => {
  it('a wait that times out rejects and the task continues', async () => {
    const { pool, executor } = makePool();
    const id = await pool.submit({ prompt: 'slow' });
    const wait = pool.getResult(id, { timeoutMs: 50 });
    const refused = expect(wait).rejects.toMatchObject({
      name: ResultTimeoutError.name,
      code: 'ERR_RESULT_TIMEOUT',
      taskId: id,
      timeoutMs: 50,
    });
    await jest.advanceTimersByTimeAsync(50);
    await refused;
    executor.calls[0]?.complete();
    expect(await pool.getResult(id, { timeoutMs: 0 })).toMatchObject({ status: 'completed' });
  });

  it('a waiter that leaves by its signal does not affect the task', async () => {
    const { pool, executor } = makePool();
    const id = await pool.submit({ prompt: 'slow' });
    const controller = new AbortController();
    const leaver = pool.getResult(id, { signal: controller.signal });
    const stayer = pool.getResult(id);
    const reason = new Error('gone');
    controller.abort(reason);
    await expect(leaver).rejects.toBe(reason);
    await expect(pool.getResult(id, { signal: controller.signal })).rejects.toBe(reason);
    executor.calls[0]?.complete();
    expect(await stayer).toMatchObject({ status: 'completed' });
  });

  it('a wait that ends leaves no timer behind', async () => {
    const { pool, executor } = makePool({ resultTtlMs: 1_000 });
    const id = await pool.submit({ prompt: 'hello' });
    const wait = pool.getResult(id, { timeoutMs: 60_000 });
    executor.calls[0]?.complete();
    await wait;
    await jest.advanceTimersByTimeAsync(1_001);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('an unknown task is not found', async () => {
    const { pool } = makePool();
    await expect(pool.getResult('no-such-task')).rejects.toBeInstanceOf(TaskNotFoundError);
    await expect(pool.getResult('no-such-task')).rejects.toMatchObject({ taskId: 'no-such-task' });
    expect(await pool.getTask('no-such-task')).toBeNull();
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses the wait %p by name', async (timeoutMs) => {
    const { pool } = makePool();
    const id = await pool.submit({ prompt: 'hello' });
    const refusal = pool.getResult(id, { timeoutMs });
    await expect(refusal).rejects.toBeInstanceOf(InvalidRequestError);
    await expect(refusal).rejects.toMatchObject({ field: 'timeoutMs' });
  });
});

describe('LocalWorkerPool: kept results', () => {
  it('results are dropped after their time, 10 minutes by default', async () => {
    const pool = poolOf(async () => answerOf());
    const { taskId } = await pool.run({ prompt: 'hello' });
    await jest.advanceTimersByTimeAsync(599_999);
    expect(await pool.getTask(taskId)).toMatchObject({ status: 'completed' });
    await jest.advanceTimersByTimeAsync(2);
    expect(await pool.getTask(taskId)).toBeNull();
    await expect(pool.getResult(taskId)).rejects.toBeInstanceOf(TaskNotFoundError);
  });

  it('a dropped result frees its memory without being read', async () => {
    const pool = poolOf(async () => answerOf(), { resultTtlMs: 1_000 });
    await pool.run({ prompt: 'hello' });
    expect(jest.getTimerCount()).toBe(1);
    await jest.advanceTimersByTimeAsync(1_001);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('only the newest maxResults results are kept', async () => {
    const pool = poolOf(async () => answerOf(), { maxResults: 2 });
    const ids: string[] = [];
    for (const prompt of ['a', 'b', 'c']) {
      ids.push((await pool.run({ prompt })).taskId);
    }
    const kept = await Promise.all(ids.map((id) => pool.getTask(id)));
    expect(kept.map((task) => task?.status)).toEqual([undefined, 'completed', 'completed']);
  });

  it('running and pending tasks are never dropped, however many others end', async () => {
    const { pool, executor } = makePool({ concurrency: 2, maxResults: 1, resultTtlMs: 10 });
    const running = await pool.submit({ prompt: 'stays' });
    for (const index of [1, 2, 3]) {
      const run = pool.run({ prompt: `passes ${index}` });
      (await executor.call(index)).complete();
      await run;
    }
    await pool.submit({ prompt: 'holds the other worker' });
    const pending = await pool.submit({ prompt: 'waits' });
    await jest.advanceTimersByTimeAsync(60_000);
    expect(await pool.getTask(running)).toMatchObject({ status: 'running' });
    expect(await pool.getTask(pending)).toMatchObject({ status: 'pending' });
  });

  it('a run receives its result even when it is dropped at the same moment', async () => {
    const { pool, executor } = makePool({ concurrency: 3, maxResults: 1 });
    const runs = ['a', 'b', 'c'].map((prompt) => pool.run({ prompt }));
    executor.calls.forEach((call) => call.complete());
    const statuses = (await Promise.all(runs)).map(({ status }) => status);
    expect(statuses).toEqual(['completed', 'completed', 'completed']);
  });
});
