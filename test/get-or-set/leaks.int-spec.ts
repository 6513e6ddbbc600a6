import { resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { type ManagedProcess, RedisCluster, RedisServer, spawnNode, within } from '@test/support/index.js';

const SCRIPT = resolve('test/get-or-set/leaks-process.mjs');

let redis: RedisServer;
let cluster: RedisCluster;
let child: ManagedProcess | undefined;

beforeAll(async () => {
  [redis, cluster] = await Promise.all([RedisServer.start(), RedisCluster.start({ masters: 3 })]);
});

afterEach(async () => {
  await child?.stop();
});

afterAll(() => Promise.all([redis.stop(), cluster.stop()]));

describe.each<[string, () => object]>([
  ['memory', () => ({ backend: 'memory' })],
  ['a standalone Redis', () => ({ connection: { url: redis.url } })],
  [
    'a standalone Redis and a near cache',
    () => ({ connection: { url: redis.url }, keyPrefix: 'near', near: {} }),
  ],
  ['a Cluster of three masters', () => ({ connection: { clusterNodes: cluster.addresses } })],
])('a process that used getOrSet in every way on %s', (_name, options) => {
  it('exits by itself, without a warning and without retaining computations', async () => {
    const env = { OPTIONS: JSON.stringify(options()), NO_COLOR: '1' };
    child = spawnNode(SCRIPT, { env, nodeArgs: ['--expose-gc', '--trace-warnings'] });
    const status = await within(child.exited, { what: 'the process to end', timeoutMs: 50_000 });
    expect({ ...status, stderr: child.stderr }).toEqual({ code: 0, signal: null, stderr: '' });
    const report = JSON.parse(child.stdout.split('\n').at(-1)!) as { computations: number; alive: number };
    expect(report.computations).toBeGreaterThan(750);
    expect(report.alive).toBeLessThan(report.computations / 100);
  });
});
