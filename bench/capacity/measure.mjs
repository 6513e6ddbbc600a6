import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { createRedisCache } from 'nestjs-redis-cache';
import { startRedis } from '../lib/redis-server.mjs';
import { observe } from './observer.mjs';

const PROCESS = fileURLToPath(new URL('process.mjs', import.meta.url));
/** A user that may not subscribe and publish. */
const DEAF = ['deaf', 'on', '>none', 'resetchannels', '~*', '+@all'];
const SILENT = { log: () => {}, warn: () => {} };
const CHECK_MS = 20;
/** For commands, and for events. */
const CONNECTIONS = 2;

/**
 * Runs real processes on a Redis of their own. Before the measurement each has waited for another process, so that all
 * of them receive the ends of computations.
 *
 * @param traffic see `DEFAULTS` of the simulation; with `paced` each process makes its requests at their times for `seconds`,
 *   otherwise one after the other
 */
export async function measure({ processes, seed, channels = true, ...traffic }) {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  await client.acl('SETUSER', ...DEAF);
  const url = channels ? redis.url : redis.url.replace('//', '//deaf:none@');
  const children = Array.from({ length: processes }, (_, index) =>
    start({ ...traffic, url, seed: seed + index }),
  );
  try {
    await warmUp(client, redis.url, children);
    const observer = await observe(redis.url, { near: traffic.near, channels });
    for (const { child } of children) child.stdin.write('go\n');
    const counts = await Promise.all(children.map(async ({ next }) => JSON.parse(await next())));
    const { peek, renew, acquire, store, messages, ...sums } = await observer.end();
    const scripts = { polls: peek, renewals: renew, waiters: acquire - store };
    return { ...sum(counts), ...sums, ...scripts, messages: processes * messages };
  } finally {
    for (const { child } of children) child.stdin.end('end\n');
    await Promise.all(children.map(({ ended }) => ended));
    client.disconnect();
    await redis.end();
  }
}

/** Computes a value that every process waits for, until each has opened its connection for events. */
async function warmUp(client, url, children) {
  const cache = createRedisCache({ connection: { url } }, { logger: SILENT });
  const allListen = async () => {
    const own = 2;
    while ((await client.client('LIST')).trim().split('\n').length < own + CONNECTIONS * children.length) {
      await sleep(CHECK_MS);
    }
  };
  await cache.getOrSet('warm-up', async () => {
    for (const { child } of children) child.stdin.write('wait\n');
    await allListen();
    return true;
  });
  await Promise.all(children.map(({ next }) => next()));
  await cache.close();
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
  const sums = { near: 0, redis: 0, computed: 0, collapsed: 0, invalidations: 0 };
  for (const counts of list) for (const name of Object.keys(sums)) sums[name] += counts[name];
  return sums;
}
