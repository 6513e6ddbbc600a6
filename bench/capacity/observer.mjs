import { Redis } from 'ioredis';

const PREFIX = 'redis-cache';
const COUNTED = new Set(['get', 'evalsha', 'eval', 'unlink']);

/** Names a script by its arguments; see redis-lease-store.ts. */
function scriptOf([, , keys, ...rest]) {
  const args = rest.slice(Number(keys));
  if (args.length === 2) return keys === '1' ? 'renew' : 'peek';
  return ['0', '1'].includes(args.at(-1)) ? 'acquire' : 'store';
}

/**
 * Counts the commands that clients send, the messages to one subscriber, and the bytes of all other connections, from now
 * until `end`.
 *
 * @param {{ near: boolean, channels: boolean }} traffic what the processes listen to
 */
export async function observe(url, traffic) {
  const client = new Redis(url);
  await client.ping();
  const start = await bytesWithout(client, []);
  const listener = await listen(url, traffic);
  const monitor = await client.monitor();
  const calls = { commands: 0, peek: 0, renew: 0, acquire: 0, store: 0 };
  monitor.on('monitor', (_time, args, source) => {
    const name = args[0].toLowerCase();
    if (source === 'lua' || !COUNTED.has(name)) return;
    calls.commands += 1;
    if (name.startsWith('eval')) calls[scriptOf(args)] += 1;
  });
  const end = async () => {
    await untilEchoed(client, monitor);
    await listener.client.ping();
    const own = [monitor, listener.client].map(({ stream }) => bytesOf(stream));
    monitor.disconnect();
    listener.client.disconnect();
    const stop = await bytesWithout(client, own);
    client.disconnect();
    const bytes = { bytesToRedis: stop.input - start.input, bytesFromRedis: stop.output - start.output };
    return { ...calls, ...bytes, messages: listener.received() };
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
async function listen(url, { near, channels }) {
  const client = new Redis(url, { protocol: 2 });
  let received = 0;
  client.on(
    'messageBuffer',
    (_channel, message) => (received += Array.isArray(message) ? message.length : 1),
  );
  if (near) {
    const prefixes = ['cache', 'tag'].flatMap((kind) => ['PREFIX', `${PREFIX}:${kind}:{`]);
    const id = await client.client('ID');
    await client.call('CLIENT', 'TRACKING', 'ON', 'BCAST', ...prefixes, 'NOLOOP', 'REDIRECT', id);
    await client.subscribe('__redis__:invalidate');
  }
  if (channels) await client.subscribe(`${PREFIX}:events`);
  return { client, received: () => received };
}
