import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  freePort,
  type ManagedProcess,
  RedisCluster,
  RedisSentinels,
  RedisServer,
  spawnNode,
  until,
  within,
} from '@test/support/index.js';

const SCRIPT = 'test/fixtures/failing-start.mjs';

let redis: RedisServer;
let cluster: RedisCluster;
let sentinels: RedisSentinels;
/** Accepts connections and never replies. */
let frozen: RedisServer;

beforeAll(async () => {
  [redis, cluster, sentinels, frozen] = await Promise.all([
    RedisServer.start(),
    RedisCluster.start(),
    RedisSentinels.start(),
    RedisServer.start(),
  ]);
  await frozen.pause();
});

afterAll(() => Promise.all([redis, cluster, sentinels, frozen].map((server) => server.stop())));

type Topology = 'server' | 'cluster' | 'sentinel';

const TOPOLOGIES: Topology[] = ['server', 'cluster', 'sentinel'];

const connectionTo = (topology: Topology): object =>
  ({
    server: { url: redis.url },
    cluster: { clusterNodes: cluster.addresses },
    sentinel: { sentinels: sentinels.sentinels, sentinelName: sentinels.masterName },
  })[topology];

/** Options that name one address, whatever is there. */
const connectionToAddress = (topology: Topology, address: { host: string; port: number }): object =>
  ({
    server: address,
    cluster: { clusterNodes: [address] },
    sentinel: { sentinels: [address], sentinelName: sentinels.masterName },
  })[topology];

const started: ManagedProcess[] = [];

function start(FAIL: string, connection: object): ManagedProcess {
  const app = spawnNode(SCRIPT, { env: { FAIL, CONNECTION: JSON.stringify(connection) } });
  started.push(app);
  return app;
}

afterEach(() => Promise.all(started.splice(0).map((app) => app.kill())));

describe('an application that fails to start', () => {
  it.each(TOPOLOGIES.flatMap((topology) => [['compile', topology] as const, ['init', topology] as const]))(
    'in %s is not kept alive by connections to a %s that it used',
    async (fail, topology) => {
      const app = start(fail, connectionTo(topology));
      await app.waitForLine(/^stored/);
      await app.waitForLine(/^failed: cannot/);
      expect(await within(app.exited, { what: 'the process to end' })).toMatchObject({ code: 0 });
    },
  );

  it.each(TOPOLOGIES)('nor by attempts to connect to a %s that is away', async (topology) => {
    const address = { host: '127.0.0.1', port: await freePort() };
    const app = start('compile', connectionToAddress(topology, address));
    await app.waitForLine(/^failed: cannot/);
    expect(await within(app.exited, { what: 'the process to end' })).toMatchObject({ code: 0 });
  });

  it.each(TOPOLOGIES)('nor by attempts to connect to a frozen %s', async (topology) => {
    const { host, port } = frozen;
    const app = start('compile', connectionToAddress(topology, { host, port }));
    await app.waitForLine(/^failed: cannot/);
    expect(await within(app.exited, { what: 'the process to end' })).toMatchObject({ code: 0 });
  });

  it.each(TOPOLOGIES)(
    'is told apart from one that has started with a %s, which goes on',
    async (topology) => {
      const app = start('nothing', connectionTo(topology));
      await app.waitForLine(/^started value/);
      // What does not hold the process would let it end within this time.
      const end = performance.now() + 1_000;
      await until(() => performance.now() > end, { what: 'a second' });
      expect(app.signal('SIGTERM')).toBe(true);
      expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
    },
  );

  it.each(TOPOLOGIES)(
    'is told apart from one that has started while a %s was away, which goes on',
    async (topology) => {
      const address = { host: '127.0.0.1', port: await freePort() };
      const app = start('nothing', connectionToAddress(topology, address));
      await app.waitForLine(/^started null/);
      const end = performance.now() + 1_000;
      await until(() => performance.now() > end, { what: 'a second' });
      expect(app.signal('SIGTERM')).toBe(true);
      expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
    },
  );

  it('is told apart from one that has started, which goes on when its connections are cut', async () => {
    const app = start('nothing', connectionTo('server'));
    await app.waitForLine(/^started value/);
    const client = redis.client();
    const connections = async (): Promise<number> =>
      String(await client.client('LIST'))
        .trim()
        .split('\n').length;
    await until(async () => (await connections()) >= 3, { what: 'both connections' });
    await client.call('CLIENT', 'KILL', 'TYPE', 'normal');
    const end = performance.now() + 1_000;
    await until(() => performance.now() > end, { what: 'a second' });
    expect(app.signal('SIGTERM')).toBe(true);
    expect(await app.exited).toMatchObject({ signal: 'SIGTERM' });
  });
});
