/** A pool over BullMQ: here producer and worker are two pools of one process; usually they are on different machines. */
import { type BullmqPoolOptions, createWorkerPool, OfflineExecutor } from 'nestjs-worker-pool/core';

const poolOf = (role: BullmqPoolOptions['role']) =>
  createWorkerPool({
    driver: 'bullmq',
    role,
    connection: { url: process.env['REDIS_URL'] },
    queueName: 'summaries',
    executor: new OfflineExecutor(),
  });

const worker = poolOf('worker');
const producer = poolOf('producer');

const taskId = await producer.submit({ prompt: 'A cache keeps answers. An answer costs money once.' });
const { status, completion } = await producer.getResult(taskId);
console.log(status, typeof completion);
await Promise.all([producer.close(), worker.close()]);

// Output:
// completed string
