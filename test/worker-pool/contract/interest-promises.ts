import { describe, expect, it } from '@jest/globals';
import type { WorkerPool } from 'nestjs-worker-pool';
import { until } from '@test/support/index.js';
import { codeOf, type PoolSubject } from './subject.js';

const deduplicationKey = 'one-key';

/** Resolves when earlier commands of the pool have been executed: later ones have received their replies. */
async function untilSent(pool: WorkerPool, taskId: string): Promise<void> {
  for (let round = 0; round < 5; round += 1) await pool.getTask(taskId);
}

/** Deduplication, and waiters that leave. */
export function interestPromises({ open }: PoolSubject): void {
  describe('deduplication and interest', () => {
    it('a pending or running task is joined, even when the backlog is full', async () => {
      const { pool, executor } = await open({ concurrency: 1, maxBacklog: 1 });
      const first = await pool.submit({ prompt: 'runs' }, { deduplicationKey: 'runs' });
      await executor.call(0);
      const second = await pool.submit({ prompt: 'waits' }, { deduplicationKey: 'waits' });
      expect(await pool.submit({ prompt: 'runs' }, { deduplicationKey: 'runs' })).toBe(first);
      expect(await pool.submit({ prompt: 'other' }, { deduplicationKey: 'waits' })).toBe(second);
      const runs = ['runs', 'waits'].map((key) => pool.run({ prompt: key }, { deduplicationKey: key }));
      executor.calls[0]?.complete({ completion: 'one' });
      (await executor.call(1)).complete({ completion: 'two' });
      const results = await Promise.all(runs);
      expect(results.map(({ taskId, completion }) => [taskId, completion])).toEqual([
        [first, 'one'],
        [second, 'two'],
      ]);
      expect(executor.prompts).toEqual(['runs', 'waits']);
    });

    it('concurrent submissions with one key are one task', async () => {
      const { pool, executor } = await open();
      const runs = Array.from({ length: 20 }, () => pool.run({ prompt: 'same' }, { deduplicationKey }));
      (await executor.call(0)).complete();
      const ids = (await Promise.all(runs)).map(({ taskId }) => taskId);
      expect(new Set(ids).size).toBe(1);
      expect(executor.calls).toHaveLength(1);
    });

    it('after the end of the task, with any status, the key creates a new one', async () => {
      const { pool, executor } = await open();
      const seen = new Set<string>();
      for (const [index, end] of (['complete', 'fail', 'cancel', 'timeout'] as const).entries()) {
        const timeoutMs = end === 'timeout' ? 20 : undefined;
        const taskId = await pool.submit({ prompt: end }, { deduplicationKey, timeoutMs });
        const call = await executor.call(index);
        if (end === 'complete') call.complete();
        if (end === 'fail') call.fail(new Error('no'));
        if (end === 'cancel') await pool.cancel(taskId);
        await pool.getResult(taskId);
        seen.add(taskId);
      }
      expect(seen.size).toBe(4);
    });

    it('a run that leaves cancels its task and throws the reason', async () => {
      const { pool, executor } = await open();
      const reason = new Error('the client has disconnected');
      const leaver = new AbortController();
      const run = pool.run({ prompt: 'hello' }, { signal: leaver.signal });
      const { context } = await executor.call(0);
      leaver.abort(reason);
      await expect(run).rejects.toBe(reason);
      await until(() => context.signal.aborted, { what: 'the task to be cancelled' });
      expect(await pool.getResult(context.taskId)).toMatchObject({ status: 'killed' });
    });

    it('a signal that has already aborted creates no task', async () => {
      const { pool, executor } = await open();
      const reason = new Error('gone before');
      await expect(pool.run({ prompt: 'x' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(executor.calls).toHaveLength(0);
      expect(await pool.stats()).toMatchObject({ running: 0, pending: 0 });
    });

    it('a task continues while one of several runs waits, and ends with the last of them', async () => {
      const { pool, executor } = await open();
      const leavers = [new AbortController(), new AbortController(), new AbortController()];
      const ends: Promise<unknown>[] = [];
      for (const { signal } of leavers) {
        ends.push(codeOf(pool.run({ prompt: 'shared' }, { deduplicationKey, signal })));
        await executor.call(0);
      }
      const { context } = await executor.call(0);
      const joined = pool.run({ prompt: 'shared' }, { deduplicationKey });
      await untilSent(pool, context.taskId);
      for (const leaver of leavers) leaver.abort(new Error('gone'));
      await Promise.all(ends);
      expect(await pool.getTask(context.taskId)).toMatchObject({ status: 'running' });
      expect(context.signal.aborted).toBe(false);
      executor.calls[0]?.complete();
      expect(await joined).toMatchObject({ status: 'completed', taskId: context.taskId });
      expect(executor.calls).toHaveLength(1);
    });

    it('the last of several runs to leave cancels the task', async () => {
      const { pool, executor } = await open();
      const leavers = [new AbortController(), new AbortController()];
      const runs = leavers.map(({ signal }) =>
        codeOf(pool.run({ prompt: 'shared' }, { deduplicationKey, signal })),
      );
      const { context } = await executor.call(0);
      await untilSent(pool, context.taskId);
      leavers[0]?.abort(new Error('first'));
      await runs[0];
      expect(context.signal.aborted).toBe(false);
      leavers[1]?.abort(new Error('second'));
      await runs[1];
      await until(() => context.signal.aborted, { what: 'the task to be cancelled' });
      expect(await pool.getTask(context.taskId)).toMatchObject({ status: 'killed' });
    });

    it.each([
      ['before', true],
      ['after', false],
    ])('a run that leaves never cancels a task that was submitted %s it', async (_when, submitFirst) => {
      const { pool, executor } = await open();
      const leaver = new AbortController();
      const submit = (): Promise<string> => pool.submit({ prompt: 'kept' }, { deduplicationKey });
      const early = submitFirst ? await submit() : null;
      const run = codeOf(pool.run({ prompt: 'kept' }, { deduplicationKey, signal: leaver.signal }));
      const call = await executor.call(0);
      const taskId = early ?? (await submit());
      expect(call.context.taskId).toBe(taskId);
      leaver.abort(new Error('gone'));
      await run;
      expect(await pool.getTask(taskId)).toMatchObject({ status: 'running' });
      call.complete();
      expect(await pool.getResult(taskId)).toMatchObject({ status: 'completed' });
    });
  });
}
