import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { RedisConnectionOptions } from 'nestjs-redis-connection';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisCluster, RedisServer, until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const TENANTS = 300;
const NAMES = Array.from({ length: TENANTS }, (_, index) => `tenant-${index}`);
const keyOf = (name: string): string => `${name}-key-0123456789abcdef`;
const ADMIN = keyOf('ops');
const API_KEYS = [...NAMES.map((name) => `${name}:${keyOf(name)}`), `ops:${ADMIN}:admin`].join(',');
const CHECKS = 3;
/** Far below one command for each tenant, and above what checks of the queues and the heartbeat need meanwhile. */
const FEW = TENANTS / 10;
/** What scripts run, and what this test and the Cluster itself send. */
const NOT_SENT = /^(xlen|xpending|xinfo|xrange|time|get|incrby|pttl|pexpire|info|hello|ping|cluster)\b/;

interface Topology {
  readonly env: Record<string, string>;
  readonly connection: RedisConnectionOptions;
  readonly servers: readonly RedisServer[];
  stop(): Promise<void>;
}

async function startServer(): Promise<Topology> {
  const server = await RedisServer.start();
  const { url } = server;
  return {
    env: { REDIS_URL: url },
    connection: { url },
    servers: [server],
    stop: () => server.stop(),
  };
}

async function startCluster(): Promise<Topology> {
  const cluster = await RedisCluster.start();
  const nodes = cluster.addresses.map(({ host, port }) => `${host}:${port}`).join(',');
  return {
    env: { REDIS_CLUSTER_NODES: nodes },
    connection: { clusterNodes: cluster.addresses },
    servers: cluster.masters,
    stop: () => cluster.stop(),
  };
}

describe.each([
  ['one server', startServer],
  ['a Cluster', startCluster],
])('idle tenants on %s', (_name, startRedis) => {
  const caches = new Caches();
  let redis: Topology;
  let gateway: Gateway;

  beforeAll(async () => {
    LogCapture.start();
    redis = await startRedis();
    gateway = await startGateway({ ...redis.env, API_KEYS });
    // Each consumer fetches once when it starts.
    await until(async () => (await sent('evalsha')) > TENANTS, { what: 'the consumers', timeoutMs: 30_000 });
  });

  afterEach(() => caches.closeAll());

  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  /** How many commands clients have sent to all servers together; only those of one name, if given. */
  const sent = async (only?: string): Promise<number> => {
    let sum = 0;
    for (const server of redis.servers) {
      const stats = await server.client().info('commandstats');
      for (const [, name = '', calls] of stats.matchAll(/^cmdstat_(\S+):calls=(\d+)/gm)) {
        if (only === undefined ? !NOT_SENT.test(name) : name === only) sum += Number(calls);
      }
    }
    return sum;
  };

  const scrape = async (): Promise<string> => {
    const response = await fetch(`${gateway.url}/metrics`, { headers: { 'x-api-key': ADMIN } });
    expect(response.status).toBe(200);
    return response.text();
  };

  it('cost one check a second for each master', async () => {
    const [before, scripts] = [await sent(), await sent('evalsha')];
    const enough = scripts + CHECKS * redis.servers.length;
    await until(async () => (await sent('evalsha')) >= enough, { what: 'the checks', timeoutMs: 30_000 });
    expect((await sent()) - before).toBeLessThan(FEW);
  });

  it('are not read by a scrape, which reads the queues that hold something', async () => {
    const cache = caches.create({ connection: redis.connection, keyPrefix: 'redis-cache' });
    // No completion request: the consumer makes it a dead letter.
    await cache.queue('requests:tenant-7').queueRequest('nonsense');
    await until(async () => (await scrape()).includes('gateway_queue_depth{state="dead"} 1\n'), {
      what: 'the dead letter',
    });
    const before = await sent();
    expect(await scrape()).toContain('gateway_queue_depth{state="dead"} 1\n');
    expect((await sent()) - before).toBeLessThan(FEW);
  });
});
