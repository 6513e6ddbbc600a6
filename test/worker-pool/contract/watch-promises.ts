import { describe, expect, it } from '@jest/globals';
import type { TaskSnapshot, WorkerPool } from 'nestjs-worker-pool';
import type { PoolSubject } from './subject.js';

async function statusesOf(pool: WorkerPool, taskId: string): Promise<string[]> {
  const statuses: string[] = [];
  for await (const { status } of pool.watchTask(taskId)) statuses.push(status);
  return statuses;
}

/** Following one task. */
export function watchPromises({ open }: PoolSubject): void {
  describe('watching', () => {
    it('yields every change from the current status to the end', async () => {
      const { pool, executor } = await open({ concurrency: 1 });
      await pool.submit({ prompt: 'first' });
      const first = await executor.call(0);
      const taskId = await pool.submit({ prompt: 'second' });
      const seen: TaskSnapshot[] = [];
      const watch = pool.watchTask(taskId)[Symbol.asyncIterator]();
      seen.push((await watch.next()).value as TaskSnapshot);
      first.complete();
      seen.push((await watch.next()).value as TaskSnapshot);
      (await executor.call(1)).complete({ completion: 'two' });
      seen.push((await watch.next()).value as TaskSnapshot);
      expect(await watch.next()).toEqual({ done: true, value: undefined });
      expect(seen.map(({ status }) => status)).toEqual(['pending', 'running', 'completed']);
      expect(seen.every((snapshot) => snapshot.taskId === taskId)).toBe(true);
      expect(seen[1]?.startedAt).toBeGreaterThan(0);
      expect(seen[2]).toEqual(await pool.getTask(taskId));
      expect(seen[2]?.result).toMatchObject({ status: 'completed', completion: 'two' });
    });

    it('several watches follow one task, and a late one yields its end', async () => {
      const { pool, executor } = await open();
      const taskId = await pool.submit({ prompt: 'hello' });
      const call = await executor.call(0);
      const watchers = [1, 2, 3].map(() => statusesOf(pool, taskId));
      await pool.cancel(taskId);
      for (const statuses of await Promise.all(watchers)) expect(statuses.at(-1)).toBe('killed');
      expect(await statusesOf(pool, taskId)).toEqual(['killed']);
      expect(call.context.taskId).toBe(taskId);
    });

    it('ends with the reason of its signal, and does not affect the task', async () => {
      const { pool, executor } = await open();
      const taskId = await pool.submit({ prompt: 'slow' });
      const call = await executor.call(0);
      const leaver = new AbortController();
      const watch = pool.watchTask(taskId, { signal: leaver.signal })[Symbol.asyncIterator]();
      expect((await watch.next()).value).toMatchObject({ status: 'running' });
      const next = watch.next();
      const reason = new Error('gone');
      leaver.abort(reason);
      await expect(next).rejects.toBe(reason);
      call.complete();
      expect(await pool.getResult(taskId)).toMatchObject({ status: 'completed' });
    });

    it('a reader that stops leaves nothing behind', async () => {
      const { pool, executor } = await open();
      const taskId = await pool.submit({ prompt: 'slow' });
      await executor.call(0);
      for await (const { status } of pool.watchTask(taskId)) {
        expect(status).toBe('running');
        break;
      }
      executor.calls[0]?.complete();
      expect(await pool.getResult(taskId)).toMatchObject({ status: 'completed' });
    });
  });
}
