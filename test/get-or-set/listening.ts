import { type RedisServer, until } from '@test/support/index.js';

/** Resolves when `count` processes listen for events, as they do while they wait for a computation elsewhere. */
export async function untilListening(redis: RedisServer, count: number): Promise<void> {
  const client = redis.client();
  const listening = async (): Promise<number> =>
    Number((await client.pubsub('NUMSUB', 'redis-cache:events'))[1]);
  await until(async () => (await listening()) === count, { what: `${count} processes to listen` });
}
