import { Redis } from 'ioredis';

const COUNTED = new Set(['get', 'evalsha', 'eval', 'unlink']);
/** What this observer, and each new connection, sends. */
const OWN = new Set(['info', 'echo', 'ping', 'client', 'subscribe', 'monitor']);

/** Names a script by its arguments; see redis-lease-store.ts. */
function scriptOf([, , keys, ...rest]) {
  const args = rest.slice(Number(keys));
  if (args.length === 2) return keys === '1' ? 'renew' : 'peek';
  return ['0', '1'].includes(args.at(-1)) ? 'acquire' : 'store';
}

/**
 * Counts the commands that clients send (`all`, and those of the cache: `commands`), the messages to one subscriber, and the bytes of all other connections, from now
 * until `end`.
 *
 * @param {{ near: boolean | object, channels: boolean }} traffic what the processes listen to
 * @param prefixes those of the processes: for each there is a subscriber of its own
 */
export async function observe(url, traffic, prefixes) {
  const client = new Redis(url);
  await client.ping();
  const start = await bytesWithout(client, []);
  const listeners = await Promise.all(prefixes.map((prefix) => listen(url, prefix, traffic)));
  const monitor = await client.monitor();
  const calls = { all: 0, commands: 0, peek: 0, renew: 0, acquire: 0, store: 0 };
  monitor.on('monitor', (_time, args, source) => {
    const name = args[0].toLowerCase();
    if (source === 'lua' || OWN.has(name)) return;
    calls.all += 1;
    if (!COUNTED.has(name)) return;
    calls.commands += 1;
    if (name.startsWith('eval')) calls[scriptOf(args)] += 1;
  });
  const end = async () => {
    await untilEchoed(client, monitor);
    for (const { client: listening } of listeners) await listening.ping();
    const clients = [monitor, ...listeners.map(({ client: listening }) => listening)];
    const own = clients.map(({ stream }) => bytesOf(stream));
    for (const one of clients) one.disconnect();
    const stop = await bytesWithout(client, own);
    client.disconnect();
    const bytes = { bytesToRedis: stop.input - start.input, bytesFromRedis: stop.output - start.output };
    return { ...calls, ...bytes, messages: listeners.map(({ received }) => received()) };
  };
  return { end };
}

/** What was sent before this command has been seen by the monitor once it sees this. */
async function untilEchoed(client, monitor) {
  await new Promise((resolve) => {
    monitor.on('monitor', (_time, args) => args[0] === 'echo' && resolve());
    void client.call('echo', 'end');
  });
}

const bytesOf = ({ bytesWritten, bytesRead }) => ({ input: bytesWritten, output: bytesRead });

/** Bytes that the server has received and sent, without those of the client and of `others`. */
async function bytesWithout(client, others) {
  const stats = await client.info('stats');
  const total = (name) => Number(new RegExp(`^total_net_${name}_bytes:(\\d+)`, 'm').exec(stats)[1]);
  const own = [...others, bytesOf(client.stream)];
  const without = (name) => own.reduce((sum, bytes) => sum - bytes[name], total(name));
  return { input: without('input'), output: without('output') };
}

/** Receives what each process receives; a report of several keys counts as one message for each. */
async function listen(url, prefix, { near, channels }) {
  const client = new Redis(url, { protocol: 2 });
  let received = 0;
  client.on(
    'messageBuffer',
    (_channel, message) => (received += Array.isArray(message) ? message.length : 1),
  );
  if (near && near.invalidation !== 'pubsub') {
    const tracked = ['cache', 'tag'].flatMap((kind) => ['PREFIX', `${prefix}:${kind}:{`]);
    const id = await client.client('ID');
    await client.call('CLIENT', 'TRACKING', 'ON', 'BCAST', ...tracked, 'NOLOOP', 'REDIRECT', id);
    await client.subscribe('__redis__:invalidate');
  }
  if (channels) await client.subscribe(`${prefix}:events`);
  return { client, received: () => received };
}
