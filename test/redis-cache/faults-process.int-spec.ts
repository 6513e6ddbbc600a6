/** Runs a separate program under every fault: it must neither fail nor hang, and log no more than necessary. */
import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheOptions } from 'nestjs-redis-cache';
import { PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import {
  type ManagedProcess,
  RedisCluster,
  RedisServer,
  spawnNode,
  until,
  within,
} from '@test/support/index.js';

const TRAFFIC = join(import.meta.dirname, '../fixtures/redis-cache/traffic.mjs');
const PASSWORD = 'correct-horse';
/** Far above the time to close (two deadlines) and the longest timer of ioredis (2 s). */
const EXIT_LIMIT_MS = 10_000;

const seen = (program: ManagedProcess, pattern: RegExp): number =>
  program.stdout.split('\n').filter((line) => pattern.test(line)).length;

const untilSeen = (program: ManagedProcess, pattern: RegExp, times: number): Promise<unknown> =>
  until(() => seen(program, pattern) >= times, { what: `${pattern} ${times} times`, timeoutMs: 20_000 });

/** Ends the program, checks its exit, and returns the log lines of the library about faults. */
async function end(program: ManagedProcess): Promise<string[]> {
  program.signal('SIGTERM');
  const status = await within(program.exited, { what: 'the program to end', timeoutMs: EXIT_LIMIT_MS });
  expect(program.stderr).toBe('');
  expect(status).toEqual({ code: 0, signal: null });
  expect(program.stdout).toMatch(/^calls [1-9]/m);
  const log = program.stdout.split('\n').filter((line) => line.includes('[RedisCache]'));
  return log.filter((line) => !line.includes('Connected to '));
}

describe('a program that uses the cache', () => {
  const running: { stop(): Promise<unknown> }[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((thing) => thing.stop()));
  });

  async function start(server: Promise<RedisServer>): Promise<RedisServer> {
    running.push(await server);
    return server;
  }

  function run(options: RedisCacheOptions): ManagedProcess {
    const patient = { commandTimeoutMs: PATIENT_MS, ...options };
    const program = spawnNode(TRAFFIC, { args: [JSON.stringify(patient)] });
    running.unshift(program);
    return program;
  }

  it('survives two crashes of Redis, and exits cleanly', async () => {
    const server = await start(RedisServer.start());
    const program = run({ connection: { url: server.url } });
    for (let outage = 1; outage <= 2; outage += 1) {
      await untilSeen(program, /^phase serving/, outage);
      await server.kill();
      await untilSeen(program, /^phase unavailable/, outage);
      await server.restart();
    }
    await untilSeen(program, /^phase serving/, 3);
    const log = await end(program);
    expect(log.filter((line) => line.includes('Redis is unavailable'))).toHaveLength(2);
    expect(log.filter((line) => line.includes('Redis is back'))).toHaveLength(2);
    expect(log).toHaveLength(4);
  });

  it('survives a freeze of Redis, and exits cleanly during it', async () => {
    const server = await start(RedisServer.start());
    const program = run({ connection: { url: server.url }, commandTimeoutMs: 1_000 });
    await untilSeen(program, /^phase serving/, 1);
    await server.pause();
    await untilSeen(program, /^phase unavailable/, 1);
    await server.resume();
    await untilSeen(program, /^phase serving/, 2);
    await server.pause();
    await untilSeen(program, /^phase unavailable/, 2);
    expect(await end(program)).toHaveLength(3);
  });

  it('exits cleanly on a signal during its traffic', async () => {
    const server = await start(RedisServer.start());
    const program = run({ connection: { url: server.url } });
    await untilSeen(program, /^phase serving/, 1);
    expect(await end(program)).toEqual([]);
  });

  it('survives a wrong password, never logs it, and exits cleanly', async () => {
    const server = await start(RedisServer.start({ password: 'another' }));
    const program = run({ connection: { host: server.host, port: server.port, password: PASSWORD } });
    await untilSeen(program, /^phase unavailable/, 1);
    expect(await end(program)).toHaveLength(1);
    expect(program.stdout).not.toContain(PASSWORD);
  });

  it('survives a read-only replica, logs one line, and exits cleanly', async () => {
    const master = await start(RedisServer.start());
    const replica = await start(RedisServer.start({ replicaOf: { port: master.port } }));
    const program = run({ connection: { url: replica.url } });
    await untilSeen(program, /Redis refuses writes \(READONLY\)/, 1);
    expect(await end(program)).toHaveLength(1);
  });

  it('survives a Redis that is out of memory, logs one line, and exits cleanly', async () => {
    const server = await start(RedisServer.start({ maxmemory: '1' }));
    const program = run({ connection: { url: server.url } });
    await untilSeen(program, /Redis refuses writes \(OOM\)/, 1);
    expect(await end(program)).toHaveLength(1);
  });

  it.each<[string, RedisCacheOptions]>([
    ['a port on which nobody listens', { connection: { url: `redis://:${PASSWORD}@127.0.0.1:1` } }],
    [
      'a Cluster of which nothing is there',
      { connection: { clusterNodes: [{ host: '127.0.0.1', port: 1 }] } },
    ],
    [
      'unreachable Sentinels',
      { connection: { sentinels: [{ host: '127.0.0.1', port: 1 }], sentinelName: 'main' } },
    ],
  ])('survives %s, and exits cleanly', async (_what, options) => {
    const program = run({ ...options, commandTimeoutMs: 500 });
    await untilSeen(program, /^phase unavailable/, 1);
    const log = await end(program);
    expect(log).toHaveLength(1);
    expect(program.stdout).not.toContain(PASSWORD);
  });

  it('survives a crash and restart of a whole Cluster, and exits cleanly', async () => {
    const cluster = await RedisCluster.start({ masters: 3, node: { appendonly: true } });
    running.push(cluster);
    const program = run({ connection: { clusterNodes: cluster.addresses } });
    await untilSeen(program, /^phase serving/, 1);
    await Promise.all(cluster.nodes.map((node) => node.kill()));
    await untilSeen(program, /^phase unavailable/, 1);
    await Promise.all(cluster.nodes.map((node) => node.restart()));
    await untilSeen(program, /^phase serving/, 2);
    await end(program);
  });
});
