import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { InvalidRequestError, PoolSaturatedError } from '../contract/errors.js';
import type { LocalWorkerPool } from './local-worker-pool.js';
import { answerOf } from './spec-support/controlled-executor.js';
import { makePool, poolOf } from './spec-support/make-pool.js';

const prompts = (count: number): string[] => Array.from({ length: count }, (_, index) => `prompt ${index}`);

const opened: LocalWorkerPool[] = [];

const openPool: typeof makePool = (limits, executor) => {
  const made = makePool({ drainTimeoutMs: 0, ...limits }, executor);
  opened.push(made.pool);
  return made;
};

afterEach(async () => {
  jest.useRealTimers();
  await Promise.all(opened.splice(0).map((pool) => pool.close()));
});

describe('LocalWorkerPool: concurrency', () => {
  it('runs exactly 5 at once under 500 submissions', async () => {
    let running = 0;
    let mostRunning = 0;
    const pool = poolOf(async () => {
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      running -= 1;
      return answerOf();
    });
    const results = await Promise.all(prompts(500).map((prompt) => pool.run({ prompt })));
    expect(mostRunning).toBe(5);
    expect(results.every(({ status }) => status === 'completed')).toBe(true);
    expect(await pool.stats()).toMatchObject({ completed: 500, running: 0, pending: 0, lingering: 0 });
  });

  it('starts pending tasks in the order of their submission', async () => {
    const { pool, executor } = openPool({ concurrency: 2 });
    const order = prompts(20);
    const ids = await Promise.all(order.map((prompt) => pool.submit({ prompt })));
    for (const [index, id] of ids.entries()) {
      (await executor.call(index)).complete();
      await pool.getResult(id);
    }
    expect(executor.prompts).toEqual(order);
  });

  it('keeps the order of the others when tasks in between are cancelled', async () => {
    const { pool, executor } = openPool({ concurrency: 1 });
    const ids = await Promise.all(prompts(6).map((prompt) => pool.submit({ prompt })));
    await pool.cancel(ids[2] as string);
    await pool.cancel(ids[4] as string);
    for (const index of [0, 1, 2, 3]) {
      (await executor.call(index)).complete();
    }
    await pool.getResult(ids[5] as string);
    expect(executor.prompts).toEqual(['prompt 0', 'prompt 1', 'prompt 3', 'prompt 5']);
  });

  it('a task may submit another task', async () => {
    const pool = poolOf(
      async ({ prompt }) => {
        const inner = prompt === 'outer' ? await pool.submit({ prompt: 'inner' }) : 'none';
        return answerOf({ completion: inner });
      },
      { concurrency: 1, maxBacklog: 1 },
    );
    const outer = await pool.run({ prompt: 'outer' });
    expect(await pool.getResult(outer.completion as string)).toMatchObject({ status: 'completed' });
  });
});

describe('LocalWorkerPool: backlog', () => {
  it('a full backlog refuses the next submission and accepts one again when a place is free', async () => {
    const { pool, executor } = openPool({ concurrency: 1, maxBacklog: 2 });
    const [first] = await Promise.all(prompts(3).map((prompt) => pool.submit({ prompt })));
    const refusal = pool.submit({ prompt: 'one too many' });
    await expect(refusal).rejects.toBeInstanceOf(PoolSaturatedError);
    await expect(refusal).rejects.toMatchObject({ code: 'ERR_POOL_SATURATED', backlog: 2, maxBacklog: 2 });
    expect(await pool.stats()).toMatchObject({ running: 1, pending: 2, rejected: 1 });

    (await executor.call(0)).complete();
    await pool.getResult(first as string);
    await executor.call(1);
    await pool.submit({ prompt: 'fits again' });
    await expect(pool.submit({ prompt: 'one too many' })).rejects.toBeInstanceOf(PoolSaturatedError);
    expect(executor.prompts).not.toContain('one too many');
  });

  it('a backlog of 0 accepts only what can start immediately', async () => {
    const { pool } = openPool({ concurrency: 2, maxBacklog: 0 });
    await Promise.all(prompts(2).map((prompt) => pool.submit({ prompt })));
    await expect(pool.submit({ prompt: 'a third' })).rejects.toMatchObject({ backlog: 0, maxBacklog: 0 });
  });

  it('estimates when to try again from recent service times, concurrency and backlog', async () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    const { pool, executor } = openPool({ concurrency: 2, maxBacklog: 3 });
    const first = await pool.submit({ prompt: 'takes 4 s' });
    await jest.advanceTimersByTimeAsync(4_000);
    (await executor.call(0)).complete();
    await pool.getResult(first);
    await Promise.all(prompts(5).map((prompt) => pool.submit({ prompt })));
    // A task behind 3 others waits for 4 ends; two workers end one every 2 s.
    await expect(pool.submit({ prompt: 'refused' })).rejects.toMatchObject({ retryAfterMs: 8_000 });
  });
});

describe('LocalWorkerPool: submission', () => {
  it('refuses an invalid request before anything is queued', async () => {
    const { pool, executor } = openPool();
    const refusal = pool.submit({ prompt: '' });
    await expect(refusal).rejects.toBeInstanceOf(InvalidRequestError);
    await expect(refusal).rejects.toMatchObject({ field: 'prompt' });
    await expect(pool.run({ prompt: '' })).rejects.toMatchObject({ field: 'prompt' });
    expect(() => pool.validate({ prompt: '' })).toThrow(InvalidRequestError);
    expect(await pool.stats()).toMatchObject({ running: 0, pending: 0, rejected: 0 });
    expect(executor.calls).toHaveLength(0);
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5' as unknown as number])(
    'refuses the time limit %p by name',
    async (timeoutMs) => {
      const { pool, executor } = openPool();
      const refusal = pool.submit({ prompt: 'hello' }, { timeoutMs });
      await expect(refusal).rejects.toBeInstanceOf(InvalidRequestError);
      await expect(refusal).rejects.toMatchObject({ field: 'timeoutMs' });
      expect(executor.calls).toHaveLength(0);
    },
  );

  it('a request that the caller changes afterwards runs as it was submitted', async () => {
    const { pool, executor } = openPool({ concurrency: 1 });
    await pool.submit({ prompt: 'first' });
    const request = { prompt: 'second', messages: [{ role: 'user' as const, content: 'original' }] };
    const id = await pool.submit(request);
    request.prompt = 'changed';
    request.messages.push({ role: 'user', content: 'added' });
    (await executor.call(0)).complete();
    (await executor.call(1)).complete();
    await pool.getResult(id);
    expect(executor.calls[1]?.request).toEqual({
      prompt: 'second',
      messages: [{ role: 'user', content: 'original' }],
    });
  });

  it('refuses a request that is not plain data', async () => {
    const { pool } = openPool();
    const request = { prompt: 'hello', system: (() => 'no data') as unknown as string };
    await expect(pool.submit(request)).rejects.toMatchObject({
      code: 'ERR_INVALID_REQUEST',
      field: 'request',
    });
    expect(await pool.stats()).toMatchObject({ running: 0, pending: 0 });
  });

  it('gives every task its own id', async () => {
    const { pool } = openPool();
    const ids = await Promise.all(prompts(50).map((prompt) => pool.submit({ prompt })));
    expect(new Set(ids).size).toBe(50);
    expect(ids[0]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it('returns name and model of its executor', () => {
    const { pool } = openPool();
    expect(pool.executorName).toBe('controlled');
    expect(pool.resolveModel()).toBe('controlled-1');
    expect(pool.resolveModel('other')).toBe('other');
  });
});
