import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  freePort,
  type ManagedProcess,
  RedisCluster,
  RedisServer,
  spawnNode,
  until,
  within,
} from '@test/support/index.js';

const SCRIPT = 'test/fixtures/failing-start-pool.mjs';

let redis: RedisServer;
let cluster: RedisCluster;
/** Accepts connections and never replies. */
let frozen: RedisServer;
const started: ManagedProcess[] = [];

beforeAll(async () => {
  [redis, cluster, frozen] = await Promise.all([
    RedisServer.start(),
    RedisCluster.start(),
    RedisServer.start(),
  ]);
  await frozen.pause();
});

afterEach(() => Promise.all(started.splice(0).map((app) => app.kill())));

afterAll(() => Promise.all([redis, cluster, frozen].map((server) => server.stop())));

interface Start {
  /** What fails. */
  fail: 'compile' | 'init' | 'nothing';
  /** Options of the pool; its Redis is that of this suite. */
  options?: object;
  use?: string;
}

function start({ fail, options, use = 'nothing' }: Start): ManagedProcess {
  const all = { driver: 'bullmq', connection: { url: redis.url }, ...options };
  const app = spawnNode(SCRIPT, { env: { FAIL: fail, USE: use, OPTIONS: JSON.stringify(all) } });
  started.push(app);
  return app;
}

async function expectToEnd(app: ManagedProcess, lastLine: RegExp): Promise<void> {
  await app.waitForLine(lastLine);
  await app.waitForLine(/^failed: cannot/);
  expect(await within(app.exited, { what: 'the process to end' })).toMatchObject({ code: 0 });
}

describe('an application with a pool over BullMQ', () => {
  it.each([
    ['compile', 'both'],
    ['compile', 'worker'],
    ['init', 'producer'],
    ['init', 'both'],
  ] as const)('that fails in %s is not kept alive by the connections of the role %s', (fail, role) =>
    expectToEnd(start({ fail, options: { role } }), /^pool offline/),
  );

  it.each([
    ['run', 'compile', /^ran: completed/],
    ['run', 'init', /^ran: completed/],
    ['submit', 'init', /^submitted: string/],
    ['stream', 'compile', /^streamed: true/],
  ] as const)('is not kept alive by a %s before it failed in %s', (use, fail, line) =>
    expectToEnd(start({ use, fail, options: { role: 'both' } }), line),
  );

  it.each(['submit', 'run'])('nor by a %s on a Cluster', (use) => {
    const connection = { clusterNodes: cluster.addresses };
    return expectToEnd(start({ use, fail: 'init', options: { connection } }), /^(submitted|ran)/);
  });

  it.each([
    ['server', (address: object) => address],
    ['Cluster', (address: object) => ({ clusterNodes: [address] })],
    ['Sentinel', (address: object) => ({ sentinels: [address], sentinelName: 'master' })],
  ])('nor by a submission that found no %s, or a frozen one', async (_topology, connectionTo) => {
    const away = { host: '127.0.0.1', port: await freePort() };
    for (const { host, port } of [away, frozen]) {
      const options = { connection: connectionTo({ host, port }) };
      await expectToEnd(start({ use: 'submit', fail: 'init', options }), /^refused: ERR_POOL/);
    }
  });

  it('that has started is kept alive, and its worker works without a call', async () => {
    const app = start({ fail: 'nothing', options: { role: 'worker' } });
    await app.waitForLine(/^started/);
    const client = redis.client();
    await until(async () => (await client.keys('*worker-pool*')).length > 0, {
      what: 'the worker to report',
    });
    expect(app.signal('SIGTERM')).toBe(true);
    expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});

describe('an application with a local pool', () => {
  it.each(['run', 'submit', 'stream'])('is not kept alive by a %s before it failed', (use) =>
    expectToEnd(start({ use, fail: 'init', options: { driver: 'local', connection: undefined } }), /ed: /),
  );
});
