import { describe, expect, it } from '@jest/globals';
import { answerOf } from '@worker-pool/core/local/spec-support/controlled-executor.js';
import { codeOf, type PoolSubject } from './subject.js';

/** Results of tasks and their waiters. */
export function resultPromises({ open }: PoolSubject): void {
  describe('results', () => {
    it("a run returns the executor's completion, frozen", async () => {
      const { pool, executor } = await open();
      const run = pool.run({ prompt: 'hello', max_tokens: 5 });
      const call = await executor.call(0);
      expect(call.request).toEqual({ prompt: 'hello', max_tokens: 5 });
      call.complete();
      const result = await run;
      expect(result).toEqual({
        taskId: call.context.taskId,
        status: 'completed',
        ...answerOf(),
        error: null,
      });
      expect(Object.isFrozen(result)).toBe(true);
      expect(Object.isFrozen(result.content?.[0])).toBe(true);
    });

    it('a submitted task can be read from submission to end, and afterwards', async () => {
      const { pool, executor } = await open({ concurrency: 1 });
      const first = await pool.submit({ prompt: 'first' });
      const firstCall = await executor.call(0);
      const taskId = await pool.submit({ prompt: 'second' });
      const pending = await pool.getTask(taskId);
      expect(pending).toMatchObject({
        taskId,
        status: 'pending',
        startedAt: null,
        finishedAt: null,
        result: null,
      });
      expect(pending?.submittedAt).toBeGreaterThan(Date.now() - 60_000);
      expect(await pool.getTask(first)).toMatchObject({ status: 'running', finishedAt: null });
      firstCall.complete();
      const secondCall = await executor.call(1);
      expect(secondCall.context.taskId).toBe(taskId);
      secondCall.complete({ completion: 'two' });
      const result = await pool.getResult(taskId);
      expect(result).toMatchObject({ taskId, status: 'completed', completion: 'two' });
      const ended = await pool.getTask(taskId);
      expect(ended).toMatchObject({ status: 'completed', result });
      expect(ended?.startedAt).toBeGreaterThanOrEqual(ended?.submittedAt ?? Infinity);
      expect(ended?.finishedAt).toBeGreaterThanOrEqual(ended?.startedAt ?? Infinity);
      expect(await pool.getResult(taskId)).toEqual(result);
    });

    it.each([
      [
        'throws',
        (fail: (reason: unknown) => void) => fail(new Error('quotes the prompt')),
        'ERR_EXECUTOR_FAILED',
      ],
      [
        'throws a typed error',
        (fail: (reason: unknown) => void) => fail(Object.assign(new Error(), { code: 'ERR_OWN' })),
        'ERR_EXECUTOR_FAILED',
      ],
    ])(
      'an executor that %s fails the task, and the error does not quote the prompt',
      async (_what, act, code) => {
        const { pool, executor } = await open();
        const run = pool.run({ prompt: 'quotes the prompt' });
        act((await executor.call(0)).fail);
        const result = await run;
        expect(result).toMatchObject({ status: 'failed', completion: null, error: { code } });
        expect(JSON.stringify(result)).not.toContain('quotes');
      },
    );

    it('a malformed completion fails the task and names the field', async () => {
      const { pool, executor } = await open();
      const run = pool.run({ prompt: 'hello' });
      (await executor.call(0)).complete({ cost: -1 });
      const { status, error } = await run;
      expect([status, error?.code]).toEqual(['failed', 'ERR_MALFORMED_COMPLETION']);
      expect(error?.message).toContain('cost');
    });

    it('a wait that times out or is aborted does not affect the task', async () => {
      const { pool, executor } = await open();
      const taskId = await pool.submit({ prompt: 'slow' });
      expect(await codeOf(pool.getResult(taskId, { timeoutMs: 20 }))).toBe('ERR_RESULT_TIMEOUT');
      const reason = new Error('gone');
      const leaver = new AbortController();
      const wait = pool.getResult(taskId, { signal: leaver.signal });
      leaver.abort(reason);
      await expect(wait).rejects.toBe(reason);
      (await executor.call(0)).complete();
      expect(await pool.getResult(taskId)).toMatchObject({ status: 'completed' });
    });

    it('an unknown task is not found', async () => {
      const { pool } = await open();
      expect(await pool.getTask('no-such-task')).toBeNull();
      expect(await codeOf(pool.getResult('no-such-task'))).toBe('ERR_TASK_NOT_FOUND');
      expect(await pool.cancel('no-such-task')).toBe(false);
      expect(await codeOf(pool.watchTask('no-such-task')[Symbol.asyncIterator]().next())).toBe(
        'ERR_TASK_NOT_FOUND',
      );
    });

    it('an invalid request is refused by field name before anything is queued', async () => {
      const { pool, executor } = await open();
      const wrong: [string, object, object?][] = [
        ['prompt', {}],
        ['timeoutMs', { prompt: 'x' }, { timeoutMs: 0 }],
        ['priority', { prompt: 'x' }, { priority: -1 }],
        ['priority', { prompt: 'x' }, { priority: 2 ** 21 }],
        ['priority', { prompt: 'x' }, { priority: 1.5 }],
        ['deduplicationKey', { prompt: 'x' }, { deduplicationKey: '' }],
        ['deduplicationKey', { prompt: 'x' }, { deduplicationKey: 'k'.repeat(1_025) }],
        ['context', { prompt: 'x' }, { context: () => 'no data' }],
        ['context', { prompt: 'x' }, { context: { number: 1n } }],
        ['context', { prompt: 'x' }, { context: 'x'.repeat(16_384) }],
        ['request', { prompt: 'x', system: () => 'no data' }],
      ];
      for (const [field, request, options] of wrong) {
        const refusal = { code: 'ERR_INVALID_REQUEST', field };
        await expect(pool.submit(request as never, options)).rejects.toMatchObject(refusal);
        await expect(pool.run(request as never, options)).rejects.toMatchObject(refusal);
      }
      expect(await pool.stats()).toMatchObject({ running: 0, pending: 0, rejected: 0 });
      expect(executor.calls).toHaveLength(0);
    });

    it('the context reaches the executor as frozen JSON and is not part of the request', async () => {
      const { pool, executor } = await open();
      const context = { ticket: { key: 'k', tags: ['a'] }, when: new Date(0), nothing: undefined };
      const run = pool.run({ prompt: 'hello' }, { context });
      const call = await executor.call(0);
      expect(call.context.context).toEqual({
        ticket: { key: 'k', tags: ['a'] },
        when: '1970-01-01T00:00:00.000Z',
      });
      expect(Object.isFrozen((call.context.context as typeof context).ticket.tags)).toBe(true);
      expect(call.request).toEqual({ prompt: 'hello' });
      call.complete();
      await run;
      const without = pool.run({ prompt: 'hello' });
      const second = await executor.call(1);
      expect(second.context.context).toBeUndefined();
      second.complete();
      await without;
    });
  });
}
