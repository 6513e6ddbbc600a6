import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  freePort,
  type ManagedProcess,
  RedisCluster,
  RedisServer,
  spawnNode,
  within,
} from '@test/support/index.js';
import { nextQueueName } from './queue-pools.js';

const SCRIPT = resolve('test/fixtures/closing-pool.mjs');
/** How long ioredis waits for a socket to close, with some margin. */
const LINGERING_MS = 100;

const ROLES = ['both', 'producer', 'worker'] as const;

let child: ManagedProcess | undefined;

afterEach(() => child?.kill());

async function start(connection: object, role: string, awaited = true): Promise<ManagedProcess> {
  const options = { connection, role, queueName: nextQueueName(), drainTimeoutMs: 0 };
  const env = { SCENARIO: JSON.stringify({ options, awaited }), NO_COLOR: '1' };
  child = spawnNode(SCRIPT, { env });
  await child.waitForLine(/^ready$/);
  return child;
}

/** Closes the pool and expects the process to end by itself, without a timer that delays it. */
async function expectEnd(process: ManagedProcess): Promise<void> {
  process.signal('SIGTERM');
  await process.waitForLine(/^closed$/);
  const status = await within(process.exited, { what: 'the process to end by itself' });
  expect(status).toEqual({ code: 0, signal: null });
  const [, held = ''] = /^held (.*)$/m.exec(process.stdout) ?? [];
  expect((JSON.parse(held) as number[]).filter((ms) => ms > LINGERING_MS)).toEqual([]);
}

describe('a process whose pool is closed ends by itself immediately', () => {
  let redis: RedisServer;

  beforeEach(async () => {
    redis = await RedisServer.start();
  });

  afterEach(() => redis.stop());

  it.each(ROLES)('while Redis is gone (%s)', async (role) => {
    const process = await start({ url: redis.url }, role);
    await redis.kill();
    await expectEnd(process);
  });

  it.each(ROLES)('while Redis is frozen (%s)', async (role) => {
    const process = await start({ url: redis.url }, role);
    await redis.pause();
    await expectEnd(process);
  });

  it.each(ROLES)('while Redis is available (%s)', async (role) => {
    await expectEnd(await start({ url: redis.url }, role));
  });

  it.each(ROLES)('when Redis was never available (%s)', async (role) => {
    await expectEnd(await start({ host: '127.0.0.1', port: await freePort() }, role, false));
  });
});

describe('a process whose pool on a cluster is closed', () => {
  it('ends by itself while the whole cluster is gone', async () => {
    const cluster = await RedisCluster.start({ masters: 3 });
    try {
      const process = await start({ clusterNodes: cluster.addresses }, 'both');
      await cluster.stop();
      process.signal('SIGTERM');
      await process.waitForLine(/^closed$/);
      // Not immediately: no option shortens the client's own retries.
      const ended = within(process.exited, { what: 'the process to end by itself', timeoutMs: 30_000 });
      expect(await ended).toEqual({ code: 0, signal: null });
    } finally {
      await cluster.stop();
    }
  });
});
