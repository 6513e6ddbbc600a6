import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { startRedis } from '../lib/redis-server.mjs';

const PROCESS = fileURLToPath(new URL('process.mjs', import.meta.url));
const PREFIX = 'redis-cache';
const COUNTED = new Set(['get', 'evalsha', 'eval', 'unlink']);

/**
 * Runs real processes on a Redis of their own and counts the commands of clients.
 *
 * @param {{ processes: number, near: boolean, requests: number, keys: number, exponent: number, invalidationShare: number, seed: number }} traffic `requests` of each process
 */
export async function measure({ processes, seed, ...traffic }) {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  const children = Array.from({ length: processes }, (_, index) =>
    start({ ...traffic, url: redis.url, seed: seed + index }),
  );
  try {
    await Promise.all(children.map(({ next }) => next()));
    let commands = 0;
    const listener = await listen(redis.url);
    const monitor = await client.monitor();
    monitor.on('monitor', (_time, args, source) => {
      if (source !== 'lua' && COUNTED.has(args[0].toLowerCase())) commands += 1;
    });
    for (const { child } of children) child.stdin.write('go\n');
    const counts = await Promise.all(children.map(async ({ next }) => JSON.parse(await next())));
    // What was sent before this reply has been seen by the monitor.
    await new Promise((resolve) => {
      monitor.on('monitor', (_time, args) => args[0] === 'echo' && resolve());
      void client.call('echo', 'end');
    });
    monitor.disconnect();
    const messages = processes * (await listener.end());
    return { ...sum(counts), commands, messages };
  } finally {
    for (const { child } of children) child.stdin.end('end\n');
    await Promise.all(children.map(({ ended }) => ended));
    client.disconnect();
    await redis.end();
  }
}

/** Receives what each process with a near cache receives; a report of several keys counts as one message for each. */
async function listen(url) {
  const client = new Redis(url, { protocol: 2 });
  let received = 0;
  client.on(
    'messageBuffer',
    (_channel, message) => (received += Array.isArray(message) ? message.length : 1),
  );
  const prefixes = ['cache', 'tag'].flatMap((kind) => ['PREFIX', `${PREFIX}:${kind}:{`]);
  const id = await client.client('ID');
  await client.call('CLIENT', 'TRACKING', 'ON', 'BCAST', ...prefixes, 'NOLOOP', 'REDIRECT', id);
  await client.subscribe('__redis__:invalidate', `${PREFIX}:events`);
  const end = async () => {
    // Its reply comes after every earlier message.
    await client.ping();
    client.disconnect();
    return received;
  };
  return { end };
}

function start(traffic) {
  const child = spawn(process.execPath, [PROCESS, JSON.stringify(traffic)], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => {
    const { value, done } = await lines.next();
    if (done) throw new Error('a process of the measurement ended early');
    return value;
  };
  return { child, next, ended: new Promise((resolve) => child.once('exit', resolve)) };
}

function sum(list) {
  const sums = { near: 0, redis: 0, factory: 0, invalidations: 0 };
  for (const counts of list) for (const name of Object.keys(sums)) sums[name] += counts[name];
  return sums;
}
