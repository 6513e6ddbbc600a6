import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { MovingName, type RedisServer, until } from '@test/support/index.js';
import { codeOf } from './contract/subject.js';
import { QueuePools } from './queue-pools.js';

describe('a fail-over of the queue behind one name', () => {
  let name: MovingName;
  const pools = new QueuePools(() => name.address);

  beforeEach(async () => {
    name = await MovingName.start();
  });

  afterEach(async () => {
    await pools.closeAll();
    await name.stop();
  });

  it('makes every connection of the pool a new one: tasks run, end, and are waited for', async () => {
    const { pool, executor } = await pools.open({ concurrency: 2 });
    const early = pool.run({ prompt: 'early' });
    const running = await executor.call(0);
    await name.demote();
    expect(await codeOf(pool.submit({ prompt: 'refused' }))).toBe('ERR_POOL_UNAVAILABLE');
    expect(await pool.getTask(running.context.taskId)).toMatchObject({ status: 'running' });
    running.complete({ completion: 'kept' });
    name.move();
    expect(await early).toMatchObject({ status: 'completed', completion: 'kept' });
    const late = pool.run({ prompt: 'late' });
    const call = await until(() => executor.calls.find(({ request }) => request.prompt === 'late'), {
      what: 'the task to start on the new master',
    });
    call.complete({ completion: 'done' });
    expect(await late).toMatchObject({ status: 'completed', completion: 'done' });
    const third = await pool.submit({ prompt: 'cancelled' });
    const cancelled = await until(
      () => executor.calls.find(({ request }) => request.prompt === 'cancelled'),
      {
        what: 'the task to start',
      },
    );
    expect(await pool.cancel(third)).toBe(true);
    await until(() => cancelled.context.signal.aborted, { what: 'the stop to arrive' });
    await until(async () => (await connectionsOf(name.old)).length === 0, {
      what: 'the old server to be left',
    });
  });
});

/** The connections to a server except those of this test, by their last command. */
async function connectionsOf(server: RedisServer): Promise<string[]> {
  const list = String(await server.client().client('LIST'));
  return list
    .trim()
    .split('\n')
    .filter((line) => !/ cmd=(wait|replicaof|client)/.test(line));
}
