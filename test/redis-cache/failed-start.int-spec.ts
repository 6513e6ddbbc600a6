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

beforeAll(async () => {
  [redis, cluster, sentinels] = await Promise.all([
    RedisServer.start(),
    RedisCluster.start(),
    RedisSentinels.start(),
  ]);
});

afterAll(() => Promise.all([redis.stop(), cluster.stop(), sentinels.stop()]));

type Topology = 'server' | 'cluster' | 'sentinel';

const TOPOLOGIES: Topology[] = ['server', 'cluster', 'sentinel'];

const connectionTo = (topology: Topology): object =>
  ({
    server: { url: redis.url },
    cluster: { clusterNodes: cluster.addresses },
    sentinel: { sentinels: sentinels.sentinels, sentinelName: sentinels.masterName },
  })[topology];

/** A connection to a port on which nobody listens. */
async function connectionToNobody(topology: 'server' | 'cluster'): Promise<object> {
  const address = { host: '127.0.0.1', port: await freePort() };
  return { server: address, cluster: { clusterNodes: [address] } }[topology];
}

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

  it.each(['server', 'cluster'] as const)('nor by attempts to connect to a %s', async (topology) => {
    const app = start('compile', await connectionToNobody(topology));
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
