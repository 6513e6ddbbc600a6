import { describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { codeOf, type PoolSubject } from './subject.js';

/** Time limits, cancellation and shutdown. */
export function stopPromises({ open }: PoolSubject): void {
  describe('stopping', () => {
    it('a run over its limit ends as timeout and aborts the signal of its executor', async () => {
      const { pool, executor } = await open({ taskTimeoutMs: 60_000 });
      const result = await pool.run({ prompt: 'hangs' }, { timeoutMs: 50 });
      expect(result).toMatchObject({
        status: 'timeout',
        completion: null,
        error: { code: 'ERR_TASK_TIMEOUT' },
      });
      expect(result.error?.message).toContain('50 ms');
      expect(executor.calls[0]?.context.signal.reason).toMatchObject({ code: 'ERR_TASK_TIMEOUT' });
      await until(async () => (await pool.stats()).timedOut === 1, { what: 'the timeout to be counted' });
    });

    it('the limit excludes the wait in the backlog', async () => {
      const { pool, executor } = await open({ concurrency: 1 });
      await pool.submit({ prompt: 'first' });
      const first = await executor.call(0);
      const second = await pool.submit({ prompt: 'second' }, { timeoutMs: 10_000 });
      expect(await codeOf(pool.getResult(second, { timeoutMs: 100 }))).toBe('ERR_RESULT_TIMEOUT');
      first.complete();
      (await executor.call(1)).complete();
      expect(await pool.getResult(second)).toMatchObject({ status: 'completed' });
    });

    it('a cancelled pending task never starts and makes room', async () => {
      const { pool, executor } = await open({ concurrency: 1, maxBacklog: 1 });
      await pool.submit({ prompt: 'first' });
      await executor.call(0);
      const second = await pool.submit({ prompt: 'second' });
      const wait = pool.getResult(second);
      expect(await pool.cancel(second)).toBe(true);
      const killed = { status: 'killed', error: { code: 'ERR_TASK_CANCELLED' } };
      expect(await wait).toMatchObject(killed);
      expect(await pool.getTask(second)).toMatchObject({ status: 'killed', startedAt: null, result: killed });
      const third = pool.run({ prompt: 'third' });
      executor.calls[0]?.complete();
      (await executor.call(1)).complete();
      expect(await third).toMatchObject({ status: 'completed' });
      expect(executor.prompts).toEqual(['first', 'third']);
    });

    it('a cancelled running task ends as killed, aborts its signal and frees its worker', async () => {
      const { pool, executor } = await open({ concurrency: 1 });
      const taskId = await pool.submit({ prompt: 'first' });
      const call = await executor.call(0);
      const wait = pool.getResult(taskId);
      expect(await pool.cancel(taskId)).toBe(true);
      expect(await wait).toMatchObject({ status: 'killed', error: { code: 'ERR_TASK_CANCELLED' } });
      await until(() => call.context.signal.aborted, { what: 'the signal' });
      expect(call.context.signal.reason).toMatchObject({ code: 'ERR_TASK_CANCELLED' });
      const next = pool.run({ prompt: 'next' });
      (await executor.call(1)).complete();
      expect(await next).toMatchObject({ status: 'completed' });
      expect(await pool.getTask(taskId)).toMatchObject({ status: 'killed' });
      expect(await pool.cancel(taskId)).toBe(false);
    });

    it('a task that has ended cannot be cancelled', async () => {
      const { pool, executor } = await open();
      const run = pool.run({ prompt: 'hello' });
      (await executor.call(0)).complete();
      const { taskId } = await run;
      expect(await pool.cancel(taskId)).toBe(false);
      expect(await pool.getTask(taskId)).toMatchObject({ status: 'completed' });
    });

    it('a closing pool refuses submissions and lets running tasks end', async () => {
      const { pool, executor } = await open({ drainTimeoutMs: 60_000 });
      const run = pool.run({ prompt: 'in flight' });
      const call = await executor.call(0);
      const closed = pool.close();
      expect(await codeOf(pool.submit({ prompt: 'late' }))).toBe('ERR_POOL_CLOSED');
      expect(await codeOf(pool.run({ prompt: 'late' }))).toBe('ERR_POOL_CLOSED');
      call.complete();
      expect(await run).toMatchObject({ status: 'completed' });
      await closed;
      await pool.close();
      expect(executor.closes).toBe(1);
    });
  });
}
