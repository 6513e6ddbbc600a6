import { load, versionOf } from './packages.mjs';

/** @type {import('./contender').Contender} Hand-written code on ioredis with its defaults. */
export const ioredis = {
  name: 'ioredis',
  role: 'baseline',
  version: () => versionOf('ioredis'),
  async setup({ redisUrl, prefix, near, ttlSeconds }) {
    if (near) return { operations: {}, teardown() {} };
    const { Redis } = load('ioredis');
    const client = new Redis(redisUrl);
    await client.ping();
    const ttlMs = ttlSeconds * 1000;
    const nameOf = (key) => `${prefix}:${key}`;
    return {
      operations: {
        get: async (key) => JSON.parse(await client.get(nameOf(key))),
        set: (key, value) => client.set(nameOf(key), JSON.stringify(value), 'PX', ttlMs),
        ping: () => client.ping(),
        ...(await partsOf(client, nameOf)),
        ...(await queueOf(client, nameOf('queue'))),
      },
      teardown: () => client.disconnect(),
    };
  },
};

/** Commands that a cache or a queue with the library's promises cannot do without. */
async function partsOf(client, nameOf) {
  const empty = await client.script('LOAD', 'return 1');
  return {
    runEmptyScript: (text) => client.evalsha(empty, 1, nameOf('queue'), text),
    setAndPublish: (text) =>
      client.pipeline().set(nameOf('part'), text, 'PX', 60_000).publish(nameOf('events'), 'part').exec(),
  };
}

/** Waits for requests, one at a time, until the connection is closed. */
async function readBlocking(client, { stream, handle }) {
  const next = () =>
    client
      .xreadgroup('GROUP', 'group', 'me', 'COUNT', 1, 'BLOCK', 0, 'STREAMS', stream, '>')
      .catch(() => null);
  for (let reply = await next(); reply !== null; reply = await next()) {
    const [id, fields] = reply[0][1][0];
    handle(JSON.parse(fields[1]));
    await client.xack(stream, 'group', id);
  }
}

/** A stream with one group, used by hand: read, handle, acknowledge. */
async function queueOf(client, stream) {
  // A repeated scenario finds the data of its first try.
  const begin = async () => {
    await client.del(stream);
    await client.xgroup('CREATE', stream, 'group', '0', 'MKSTREAM');
  };
  await begin();
  return {
    enqueue: (value) => client.xadd(stream, '*', 'request', JSON.stringify(value)),
    async take(count) {
      const reply = await client.xreadgroup('GROUP', 'group', 'me', 'COUNT', count, 'STREAMS', stream, '>');
      const entries = reply[0][1];
      const requests = entries.map(([, fields]) => JSON.parse(fields[1]));
      await client.xack(stream, 'group', ...entries.map(([id]) => id));
      return requests;
    },
    async watch(handle) {
      const blocking = client.duplicate();
      await blocking.ping();
      const reading = readBlocking(blocking, { stream, handle });
      return async () => {
        blocking.disconnect();
        await reading;
      };
    },
    async clearQueue() {
      const length = await client.xlen(stream);
      await begin();
      return length;
    },
  };
}
