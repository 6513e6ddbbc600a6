import { describe, expect, it } from '@jest/globals';
import type { CompletionEvent } from 'nestjs-worker-pool';
import { until } from '@test/support/index.js';
import { delta, deltas, eventsAndFailure, eventsOf, iterate, take } from './stream-readers.js';
import { codeOf, type PoolSubject } from './subject.js';

const deduplicationKey = 'one-key';

/** What a stream yields. */
export function streamPromises({ open }: PoolSubject): void {
  describe('streams', () => {
    it('yields each event as soon as it is emitted, then ends, and has the result', async () => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'hello' });
      const { context, complete } = await executor.call(0);
      expect(context.taskId).toBe(stream.taskId);
      const iterator = iterate(stream);
      for (const event of deltas(5)) {
        context.emit?.(event);
        expect(await iterator.next()).toEqual({ done: false, value: event });
      }
      complete({ completion: 'done' });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      expect(await stream.result()).toMatchObject({ status: 'completed', completion: 'done' });
      expect(await pool.getResult(stream.taskId)).toEqual(await stream.result());
    });

    it('yields 10,000 events in their order to every reader, each from the first', async () => {
      const { pool, executor } = await open();
      const early = await pool.stream({ prompt: 'long' }, { deduplicationKey });
      const reading = eventsOf(early);
      const { context, complete } = await executor.call(0);
      const events = deltas(10_000);
      for (const event of events.slice(0, 5_000)) context.emit?.(event);
      const late = await pool.stream({ prompt: 'long' }, { deduplicationKey });
      expect(late.taskId).toBe(early.taskId);
      const slow = iterate(late);
      expect(await take(slow, 1)).toEqual(events.slice(0, 1));
      for (const event of events.slice(5_000)) context.emit?.(event);
      complete();
      expect(await reading).toEqual(events);
      expect(await take(slow, 9_999)).toEqual(events.slice(1));
      expect(await slow.next()).toEqual({ done: true, value: undefined });
      expect(await eventsOf(early)).toEqual(events);
      expect(executor.calls).toHaveLength(1);
    });

    it('yields frozen copies of large and odd events, whatever the executor does with its own', async () => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'odd' });
      const { context, complete } = await executor.call(0);
      const texts = ['x'.repeat(1_000_000), 'ä😀\u2028\n\r\n\0', '\ud83d', '\ude00', '{"a":1}\n\n', ''];
      const odd: CompletionEvent = { type: 'odd', deep: [[], {}, null, 1e21, { __proto__x: 1 }] };
      const events = [...texts.map(delta), odd];
      const changed = { type: 'changed', list: [1] };
      for (const event of events) context.emit?.(event);
      context.emit?.(changed);
      changed.list.push(2);
      complete();
      const read = await eventsOf(stream);
      expect(read).toEqual([...events, { type: 'changed', list: [1] }]);
      expect(Object.isFrozen(read[0]?.['delta'])).toBe(true);
    });

    it('yields nothing when the executor emits nothing, and result needs no iteration', async () => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'silent' });
      const { complete } = await executor.call(0);
      complete({ completion: 'all at once' });
      expect(await stream.result()).toMatchObject({ completion: 'all at once' });
      expect(await eventsOf(stream)).toEqual([]);
    });

    it('ends normally after the events of a failed task, whose result says so', async () => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'fails' });
      const { context, fail } = await executor.call(0);
      context.emit?.(delta('half'));
      fail(new Error('no'));
      expect(await eventsOf(stream)).toEqual([delta('half')]);
      expect(await stream.result()).toMatchObject({
        status: 'failed',
        error: { code: 'ERR_EXECUTOR_FAILED' },
      });
    });

    it.each([
      ['cancelled', 'killed', undefined],
      ['over its time limit', 'timeout', 2_000],
    ])('ends normally after the events of a task that is %s', async (_how, status, timeoutMs) => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'stopped' }, { timeoutMs });
      const { context } = await executor.call(0);
      const iterator = iterate(stream);
      context.emit?.(delta('half'));
      expect((await iterator.next()).value).toEqual(delta('half'));
      if (status === 'killed') expect(await pool.cancel(stream.taskId)).toBe(true);
      expect(await iterator.next()).toEqual({ done: true, value: undefined });
      context.emit?.(delta('too late'));
      expect(await stream.result()).toMatchObject({ status });
      expect(await eventsOf(stream)).toEqual([delta('half')]);
    });

    it('ends with an error after maxStreamBytes, and the task continues', async () => {
      const { pool, executor } = await open({ maxStreamBytes: 200 });
      const stream = await pool.stream({ prompt: 'large' });
      const { context, complete } = await executor.call(0);
      for (const text of ['a', 'x'.repeat(150), 'b']) context.emit?.(delta(text));
      const { events, failure } = await eventsAndFailure(stream);
      expect(events).toEqual([delta('a')]);
      expect(failure).toMatchObject({ code: 'ERR_TASK_STREAM_TOO_LARGE', taskId: stream.taskId });
      complete();
      expect(await stream.result()).toMatchObject({ status: 'completed' });
    });

    it('refuses to emit what is not a JSON object', async () => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'wrong' });
      const { context, complete } = await executor.call(0);
      const circular: { type: string; self?: unknown } = { type: 'circular' };
      circular.self = circular;
      for (const wrong of ['text', 1, undefined, null, [], circular, { type: 'big', value: 1n }]) {
        expect(() => context.emit?.(wrong as CompletionEvent)).toThrow(TypeError);
      }
      complete();
      expect(await eventsOf(stream)).toEqual([]);
    });

    it('joins a task that run has created, and has its events if it has not started', async () => {
      const { pool, executor } = await open({ concurrency: 1 });
      const running = pool.run({ prompt: 'running' }, { deduplicationKey: 'running' });
      const first = await executor.call(0);
      expect(first.context.emit).toBeUndefined();
      const pending = await pool.submit({ prompt: 'pending' }, { deduplicationKey: 'pending' });
      const late = await pool.stream({ prompt: 'running' }, { deduplicationKey: 'running' });
      const early = await pool.stream({ prompt: 'pending' }, { deduplicationKey: 'pending' });
      expect(early.taskId).toBe(pending);
      first.complete({ completion: 'one' });
      expect(await eventsOf(late)).toEqual([]);
      expect(await late.result()).toEqual(await running);
      const second = await executor.call(1);
      second.context.emit?.(delta('two'));
      second.complete();
      expect(await eventsOf(early)).toEqual([delta('two')]);
    });

    it('rejects as submit does', async () => {
      const { pool, executor } = await open({ concurrency: 1, maxBacklog: 0 });
      expect(await codeOf(pool.stream({ prompt: '' }))).toBe('ERR_INVALID_REQUEST');
      expect(await codeOf(pool.stream({ prompt: 'a' }, { timeoutMs: -1 }))).toBe('ERR_INVALID_REQUEST');
      const first = await pool.stream({ prompt: 'runs' });
      const { complete } = await executor.call(0);
      expect(await codeOf(pool.stream({ prompt: 'second' }))).toBe('ERR_POOL_SATURATED');
      complete();
      await first.result();
      await pool.close();
      expect(await codeOf(pool.stream({ prompt: 'late' }))).toBe('ERR_POOL_CLOSED');
    });
  });
}

/** Readers that leave a stream. */
export function leavingPromises({ open }: PoolSubject): void {
  describe('leaving a stream', () => {
    it('by break cancels the task', async () => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'left' });
      const { context } = await executor.call(0);
      context.emit?.(delta('one'));
      for await (const event of stream) {
        expect(event).toEqual(delta('one'));
        break;
      }
      await until(() => context.signal.aborted, { what: 'the task to be cancelled' });
      expect(context.signal.reason).toMatchObject({ code: 'ERR_TASK_CANCELLED' });
      expect(await stream.result()).toMatchObject({ status: 'killed' });
    });

    it('takes effect at once while the reader waits for an event', async () => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'left' });
      const { context } = await executor.call(0);
      const result = stream.result();
      const iterator = iterate(stream);
      const next = iterator.next();
      expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
      expect(await next).toEqual({ done: true, value: undefined });
      await until(() => context.signal.aborted, { what: 'the task to be cancelled' });
      expect(await result).toMatchObject({ status: 'killed' });
    });

    it('does not cancel the task while another iteration, stream, run or submission is interested', async () => {
      const { pool, executor } = await open();
      const stream = await pool.stream({ prompt: 'shared' }, { deduplicationKey });
      const { context, complete } = await executor.call(0);
      const other = iterate(stream);
      await iterate(stream).return?.();
      const run = pool.run({ prompt: 'shared' }, { deduplicationKey });
      const second = await pool.stream({ prompt: 'shared' }, { deduplicationKey });
      for (let round = 0; round < 5; round += 1) await pool.getTask(stream.taskId);
      await other.return?.();
      await iterate(second).return?.();
      for (let round = 0; round < 5; round += 1) await pool.getTask(stream.taskId);
      expect(context.signal.aborted).toBe(false);
      complete({ completion: 'for the others' });
      expect(await run).toMatchObject({ status: 'completed' });
      expect(await second.result()).toEqual(await run);
    });

    it('by its signal ends iteration and result with the reason, and cancels the task', async () => {
      const { pool, executor } = await open();
      const leaver = new AbortController();
      const stream = await pool.stream({ prompt: 'left' }, { signal: leaver.signal });
      const { context } = await executor.call(0);
      context.emit?.(delta('one'));
      const iterator = iterate(stream);
      await iterator.next();
      const next = iterator.next();
      const reason = new Error('the client has disconnected');
      leaver.abort(reason);
      await expect(next).rejects.toBe(reason);
      await expect(stream.result()).rejects.toBe(reason);
      await expect(iterate(stream).next()).rejects.toBe(reason);
      await until(() => context.signal.aborted, { what: 'the task to be cancelled' });
      expect(await pool.getResult(stream.taskId)).toMatchObject({ status: 'killed' });
    });

    it('by a signal that has already aborted creates no task', async () => {
      const { pool, executor } = await open();
      const reason = new Error('gone before');
      await expect(pool.stream({ prompt: 'x' }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
      expect(executor.calls).toHaveLength(0);
      expect(await pool.stats()).toMatchObject({ running: 0, pending: 0 });
    });

    it('after the end of the task changes nothing', async () => {
      const { pool, executor } = await open();
      const leaver = new AbortController();
      const stream = await pool.stream({ prompt: 'ended' }, { signal: leaver.signal });
      const { context, complete } = await executor.call(0);
      for (const event of deltas(2)) context.emit?.(event);
      complete();
      const result = await stream.result();
      const iterator = iterate(stream);
      expect((await iterator.next()).value).toEqual(deltas(1)[0]);
      await iterator.return?.();
      leaver.abort();
      expect(await stream.result()).toBe(result);
      expect(await pool.getTask(stream.taskId)).toMatchObject({ status: 'completed' });
    });
  });
}
