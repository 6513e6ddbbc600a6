import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisCluster, SlotMigration, until } from '@test/support/index.js';
import { nextQueueName, QueuePools, untilWorkers } from './queue-pools.js';

const KEY_PREFIX = 'migrating';

describe('a pool on a Cluster, in a slot that migrates', () => {
  let cluster: RedisCluster;
  let pools: QueuePools;
  let slot: number;
  let migration: SlotMigration | undefined;

  beforeAll(async () => {
    cluster = await RedisCluster.start();
    pools = new QueuePools(() => ({ clusterNodes: cluster.addresses }));
    slot = Number(await cluster.client().cluster('KEYSLOT', KEY_PREFIX));
  });

  afterEach(async () => {
    await migration?.finish();
    migration = undefined;
    await pools.closeAll();
  });

  afterAll(() => cluster.stop());

  const migrate = async (): Promise<void> => {
    migration = await SlotMigration.begin(cluster, slot);
  };

  async function finish(): Promise<void> {
    await migration?.finish();
    migration = undefined;
  }

  it('executes a task once that ends meanwhile, if that takes less than its lock', async () => {
    const { pool, executor } = await pools.open({ keyPrefix: KEY_PREFIX });
    const running = pool.run({ prompt: 'a prompt' });
    const call = await executor.call(0);
    await migrate();
    call.complete();
    // Longer than ioredis repeats a command by itself.
    const end = performance.now() + 2_500;
    await until(() => performance.now() > end, { what: 'the migration' });
    await finish();
    expect((await running).status).toBe('completed');
    expect(executor.calls).toHaveLength(1);
  });

  it('refuses a task within the deadline of a call, and works again afterwards', async () => {
    const options = { keyPrefix: KEY_PREFIX, role: 'producer', commandTimeoutMs: 1_000 } as const;
    const queueName = nextQueueName();
    const { pool, executor } = await pools.open({ keyPrefix: KEY_PREFIX, queueName });
    const producer = pools.make({ ...options, queueName }).pool;
    await untilWorkers(producer, 1);
    await migrate();
    const startedAt = performance.now();
    await expect(producer.submit({ prompt: 'refused' })).rejects.toMatchObject({
      code: 'ERR_POOL_UNAVAILABLE',
    });
    // Two calls of one deadline each, and the time of a busy machine.
    expect(performance.now() - startedAt).toBeLessThan(4_000);
    await finish();
    const taskId = await until(() => producer.submit({ prompt: 'accepted' }).catch(() => false as const), {
      what: 'a submission to be accepted',
    });
    await until(() => executor.calls.some(({ request }) => request.prompt === 'accepted'), {
      what: 'the task',
    });
    executor.calls.forEach((call) => call.complete());
    expect((await pool.getResult(taskId)).status).toBe('completed');
  });

  it('submits within the deadline when the migration ends before', async () => {
    const { pool, executor } = await pools.open({ keyPrefix: KEY_PREFIX, commandTimeoutMs: 8_000 });
    await migrate();
    const submitted = pool.submit({ prompt: 'a prompt' });
    const end = performance.now() + 1_000;
    await until(() => performance.now() > end, { what: 'the migration' });
    await finish();
    const taskId = await submitted;
    (await executor.call(0)).complete();
    expect((await pool.getResult(taskId)).status).toBe('completed');
  });
});
