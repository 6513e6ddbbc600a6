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
const PREFIX = 'redis-cache';

/**
 * Runs real processes on a Redis of their own. Before the measurement each has waited for another process, so that all
 * of them receive the ends of computations.
 *
 * @param traffic see `DEFAULTS` of the simulation; with `paced` each process makes its requests at their times for `seconds`,
 *   otherwise one after the other. `groups`: so many groups of processes have a key prefix each
 */
export async function measure({ processes, seed, channels = true, groups = 1, ...traffic }) {
  const redis = await startRedis();
  const client = new Redis(redis.url);
  await client.acl('SETUSER', ...DEAF);
  const url = channels ? redis.url : redis.url.replace('//', '//deaf:none@');
  const prefixes = Array.from({ length: groups }, (_, group) =>
    group === 0 ? PREFIX : `${PREFIX}-${group}`,
  );
  const children = Array.from({ length: processes }, (_, index) =>
    start({ ...traffic, url, seed: seed + index, keyPrefix: prefixes[index % groups] }),
  );
  try {
    await warmUp(client, redis.url, children, prefixes);
    const observer = await observe(redis.url, { near: traffic.near, channels }, prefixes);
    for (const { child } of children) child.stdin.write('go\n');
    const counts = await Promise.all(children.map(async ({ next }) => JSON.parse(await next())));
    const { peek, renew, acquire, store, messages, ...sums } = await observer.end();
    const scripts = { polls: peek, renewals: renew, waiters: acquire - store };
    const received = messages.reduce((all, count) => all + (processes / groups) * count, 0);
    return { ...sum(counts), ...sums, ...scripts, messages: received };
  } finally {
    for (const { child } of children) child.stdin.end('end\n');
    await Promise.all(children.map(({ ended }) => ended));
    client.disconnect();
    await redis.end();
  }
}

/** Computes a value that every process waits for, until each has opened its connection for events. */
async function warmUp(client, url, children, prefixes) {
  const caches = prefixes.map((keyPrefix) =>
    createRedisCache({ connection: { url }, keyPrefix }, { logger: SILENT }),
  );
  const connections = 1 + caches.length + CONNECTIONS * children.length;
  let computing = 0;
  const compute = async () => {
    computing += 1;
    if (computing === caches.length) for (const { child } of children) child.stdin.write('wait\n');
    while ((await client.client('LIST')).trim().split('\n').length < connections) await sleep(CHECK_MS);
    return true;
  };
  await Promise.all(caches.map((cache) => cache.getOrSet('warm-up', compute)));
  await Promise.all(children.map(({ next }) => next()));
  await Promise.all(caches.map((cache) => cache.close()));
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
