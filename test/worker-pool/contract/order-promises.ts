import { describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { codeOf, type OpenPool, type PoolSubject } from './subject.js';

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

/** Completes the calls in their order and returns their prompts. */
async function completeInOrder({ executor }: OpenPool, from: number, to: number): Promise<unknown[]> {
  for (let index = from; index < to; index += 1) (await executor.call(index)).complete();
  return executor.prompts.slice(from, to);
}

/** Order of tasks, concurrency and backlog. */
export function orderPromises({ open }: PoolSubject): void {
  describe('order and limits', () => {
    it('tasks start in the order of their submission', async () => {
      const opened = await open({ concurrency: 1 });
      const prompts = numbers(10).map((number) => `number ${number}`);
      for (const prompt of prompts) await opened.pool.submit({ prompt });
      expect(await completeInOrder(opened, 0, 10)).toEqual(prompts);
    });

    it('a smaller priority runs first, equal ones in the order of their submission', async () => {
      const opened = await open({ concurrency: 1 });
      await opened.pool.submit({ prompt: 'holds the worker' });
      await opened.executor.call(0);
      for (const [prompt, priority] of [
        ['late', 2_097_151],
        ['second', 7],
        ['third', 7],
        ['first', undefined],
      ] as const) {
        await opened.pool.submit({ prompt }, { priority });
      }
      const order = await completeInOrder(opened, 0, 5);
      expect(order.slice(1)).toEqual(['first', 'second', 'third', 'late']);
    });

    it('exactly concurrency tasks run at once', async () => {
      const { pool, executor } = await open({ concurrency: 3 });
      const runs = numbers(30).map((number) => pool.run({ prompt: `${number}` }));
      await until(() => executor.running === 3, { what: 'three calls at once' });
      for (const index of numbers(30)) (await executor.call(index)).complete();
      const statuses = (await Promise.all(runs)).map(({ status }) => status);
      expect(new Set(statuses)).toEqual(new Set(['completed']));
      expect(executor.mostRunning).toBe(3);
      expect(executor.calls).toHaveLength(30);
    });

    it('a full backlog refuses concurrent submissions until a place is free', async () => {
      const opened = await open({ concurrency: 1, maxBacklog: 4 });
      const { pool, executor } = opened;
      await pool.submit({ prompt: 'holds the worker' });
      await executor.call(0);
      const codes = await Promise.all(
        numbers(40).map((number) => codeOf(pool.submit({ prompt: `${number}` }))),
      );
      expect(codes.filter((code) => code === 'none')).toHaveLength(4);
      expect(codes.filter((code) => code === 'ERR_POOL_SATURATED')).toHaveLength(36);
      const refusal = await pool.submit({ prompt: 'no' }).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ backlog: 4, maxBacklog: 4 });
      expect((refusal as { retryAfterMs: number }).retryAfterMs).toBeGreaterThanOrEqual(1);
      expect(await pool.stats()).toMatchObject({ running: 1, pending: 4, rejected: 37 });
      executor.calls[0]?.complete();
      await executor.call(1);
      expect(await codeOf(pool.submit({ prompt: 'fits again' }))).toBe('none');
      expect(await codeOf(pool.submit({ prompt: 'does not' }))).toBe('ERR_POOL_SATURATED');
      await completeInOrder(opened, 1, 6);
      expect(executor.prompts).not.toContain('does not');
    });

    it('stats report running tasks, waiting tasks and the longest wait', async () => {
      const opened = await open({ concurrency: 2, maxBacklog: 50 });
      const { pool, executor } = opened;
      const idle = await pool.stats();
      expect(idle).toMatchObject({ concurrency: 2, maxBacklog: 50, running: 0, pending: 0, lingering: 0 });
      expect(idle).toMatchObject({ oldestWaitMs: 0, meanServiceMs: null, retryAfterMs: 0 });
      const runs = numbers(3).map((number) => pool.run({ prompt: `${number}` }));
      await executor.call(1);
      await until(async () => (await pool.stats()).oldestWaitMs > 0, { what: 'the wait to be reported' });
      expect(await pool.stats()).toMatchObject({ running: 2, pending: 1 });
      expect((await pool.stats()).retryAfterMs).toBeGreaterThan(0);
      executor.calls[0]?.complete();
      executor.calls[1]?.fail(new Error('no'));
      (await executor.call(2)).complete();
      await Promise.all(runs);
      await until(
        async () => {
          const { completed, failed, running, meanServiceMs } = await pool.stats();
          return completed === 2 && failed === 1 && running === 0 && meanServiceMs !== null;
        },
        { what: 'the ends to be counted' },
      );
      expect(await pool.stats()).toMatchObject({ pending: 0, oldestWaitMs: 0, retryAfterMs: 0 });
    });
  });
}
