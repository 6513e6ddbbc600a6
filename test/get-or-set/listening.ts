import { type RedisServer, until } from '@test/support/index.js';

/** Whoever waits for a computation in another process listens: resolves when so many do. */
export async function untilListening(redis: RedisServer, count: number): Promise<void> {
  const client = redis.client();
  const listening = async (): Promise<number> =>
    Number((await client.pubsub('NUMSUB', 'redis-cache:events'))[1]);
  await until(async () => (await listening()) === count, { what: `${count} to listen` });
}
