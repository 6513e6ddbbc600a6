import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { PoolClosedError } from '../contract/errors.js';
import { ControlledExecutor } from './spec-support/controlled-executor.js';
import { makePool } from './spec-support/make-pool.js';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
  // lru-cache takes a start at 0 on its clock, where the fake one begins, for "no time to live".
  jest.advanceTimersByTime(1);
});

afterEach(() => {
  jest.useRealTimers();
});

describe('LocalWorkerPool: shutdown', () => {
  it('refuses new tasks as soon as it begins', async () => {
    const { pool, executor } = makePool();
    void pool.close();
    await expect(pool.submit({ prompt: 'late' })).rejects.toBeInstanceOf(PoolClosedError);
    await expect(pool.run({ prompt: 'late' })).rejects.toMatchObject({ code: 'ERR_POOL_CLOSED' });
    await pool.close();
    await expect(pool.submit({ prompt: 'late' })).rejects.toBeInstanceOf(PoolClosedError);
    expect(executor.calls).toHaveLength(0);
  });

  it('waits for running and pending tasks, then closes the executor', async () => {
    const { pool, executor } = makePool({ concurrency: 1 });
    const runs = ['first', 'second'].map((prompt) => pool.run({ prompt }));
    const closed = pool.close();
    await jest.advanceTimersByTimeAsync(5_000);
    (await executor.call(0)).complete();
    const second = await executor.call(1);
    expect(executor.closes).toBe(0);
    second.complete();
    await closed;
    const statuses = (await Promise.all(runs)).map(({ status }) => status);
    expect(statuses).toEqual(['completed', 'completed']);
    expect(executor.closes).toBe(1);
  });

  it('ends the remaining tasks as killed after 10 s, and every waiter receives a result', async () => {
    const { pool, executor } = makePool({ concurrency: 1 });
    const runs = ['running', 'pending', 'pending too'].map((prompt) => pool.run({ prompt }));
    const closed = pool.close();
    await jest.advanceTimersByTimeAsync(9_999);
    expect(await pool.stats()).toMatchObject({ running: 1, pending: 2 });
    expect(executor.calls[0]?.context.signal.aborted).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await closed;
    const results = await Promise.all(runs);
    expect(results.map(({ status }) => status)).toEqual(['killed', 'killed', 'killed']);
    expect(results.every(({ error }) => error?.code === 'ERR_POOL_CLOSED')).toBe(true);
    expect(executor.calls[0]?.context.signal.reason).toBeInstanceOf(PoolClosedError);
    expect(executor.prompts).toEqual(['running']);
    expect(executor.closes).toBe(1);
  });

  it('an executor that ignores its signal does not delay the shutdown', async () => {
    const { pool, executor } = makePool({ drainTimeoutMs: 500 }, new ControlledExecutor(false));
    const run = pool.run({ prompt: 'stubborn' });
    const closed = pool.close();
    await jest.advanceTimersByTimeAsync(500);
    await closed;
    expect(await run).toMatchObject({ status: 'killed' });
    expect(executor.closes).toBe(1);
  });

  it('a drain time of 0 ends everything immediately', async () => {
    const { pool } = makePool({ drainTimeoutMs: 0 });
    const run = pool.run({ prompt: 'hello' });
    const closed = pool.close();
    await jest.advanceTimersByTimeAsync(1);
    await closed;
    expect(await run).toMatchObject({ status: 'killed' });
  });

  it('results stay readable and tasks can be cancelled during and after a shutdown', async () => {
    const { pool } = makePool();
    const id = await pool.submit({ prompt: 'hello' });
    const closed = pool.close();
    expect(await pool.cancel(id)).toBe(true);
    await closed;
    expect(await pool.getResult(id)).toMatchObject({
      status: 'killed',
      error: { code: 'ERR_TASK_CANCELLED' },
    });
  });

  it('a second close waits for the first and closes nothing twice', async () => {
    const { pool, executor } = makePool();
    const run = pool.run({ prompt: 'hello' });
    const closes = [pool.close(), pool.close(), pool.close()];
    executor.calls[0]?.complete();
    await Promise.all([run, ...closes]);
    await pool.close();
    expect(executor.closes).toBe(1);
  });

  it('leaves only the timer of the kept results', async () => {
    const { pool } = makePool({ resultTtlMs: 50 }, new ControlledExecutor(false));
    const ids = await Promise.all(['a', 'b'].map((prompt) => pool.submit({ prompt })));
    const closed = pool.close();
    await Promise.all(ids.map((id) => pool.cancel(id)));
    await closed;
    await jest.advanceTimersByTimeAsync(51);
    expect(jest.getTimerCount()).toBe(0);
  });

  it('an executor that fails to close is logged and delays nothing', async () => {
    const error = jest.fn();
    const { pool, executor } = makePool({ logger: { warn: () => {}, error } });
    executor.close = () => Promise.reject(new RangeError('some detail'));
    await expect(pool.close()).resolves.toBeUndefined();
    expect(error.mock.calls.map(([line]) => String(line))).toEqual([
      'close: the controlled executor failed: RangeError',
    ]);
  });
});
