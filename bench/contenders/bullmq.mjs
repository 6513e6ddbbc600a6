import { load, versionOf } from './packages.mjs';

/**
 * @type {import('./contender').Contender} A queue and a worker as in BullMQ's documentation. Completed jobs are
 * removed, as acknowledged requests are.
 */
export const bullmq = {
  name: 'bullmq',
  role: 'baseline',
  version: () => versionOf('bullmq'),
  async setup({ redisUrl, prefix }) {
    const { Queue, Worker } = load('bullmq');
    const { Redis } = load('ioredis');
    const connection = new Redis(redisUrl, { maxRetriesPerRequest: null });
    const queue = new Queue('bench', { connection, prefix });
    await queue.waitUntilReady();
    const options = { removeOnComplete: true, removeOnFail: true };
    return {
      operations: {
        add: (value) => queue.add('job', value, options),
        async work(concurrency, handle) {
          const worker = new Worker('bench', async ({ data }) => handle(data), {
            connection,
            prefix,
            concurrency,
          });
          worker.on('error', (error) => {
            throw error;
          });
          await worker.waitUntilReady();
          return () => worker.close();
        },
      },
      async teardown() {
        await queue.close();
        connection.disconnect();
      },
    };
  },
};
