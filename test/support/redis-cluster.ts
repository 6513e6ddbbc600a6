/**
 * A Redis Cluster of real servers that serves all 16,384 slots.
 *
 *   const cluster = await RedisCluster.start({ masters: 3 });
 *   await cluster.client().set('key', 'value');
 *   await cluster.masters[0].kill();                   // each node is a RedisServer
 *   await cluster.stop();
 */
import { Cluster, type ClusterOptions } from 'ioredis';
import type { RedisServerOptions } from './redis-args.js';
import { RedisServer } from './redis-server.js';
import { startAll, stopAll } from './start-all.js';
import { until } from './until.js';

export interface RedisClusterOptions {
  /** Default 3, the fewest that Redis can fail over. */
  readonly masters?: number;
  /** Default 0. */
  readonly replicasPerMaster?: number;
  /** How long a node may be silent before the others hold it for dead, in milliseconds. Default 5,000. */
  readonly nodeTimeoutMs?: number;
  /** Options for every node, for instance a password. */
  readonly node?: Omit<RedisServerOptions, 'port' | 'cluster'>;
}

const SLOTS = 16_384;
const FORM_TIMEOUT_MS = 20_000;

export class RedisCluster {
  private readonly clients = new Set<Cluster>();

  private constructor(
    readonly masters: readonly RedisServer[],
    readonly replicas: readonly RedisServer[],
  ) {}

  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const { masters = 3, replicasPerMaster = 0, nodeTimeoutMs = 5_000, node = {} } = options;
    const extraArgs = ['--cluster-node-timeout', String(nodeTimeoutMs), ...(node.extraArgs ?? [])];
    const nodes = await startAll(masters * (1 + replicasPerMaster), () =>
      RedisServer.start({ ...node, extraArgs, cluster: true }),
    );
    const cluster = new RedisCluster(nodes.slice(0, masters), nodes.slice(masters));
    try {
      await cluster.form();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** Masters first. */
  get nodes(): readonly RedisServer[] {
    return [...this.masters, ...this.replicas];
  }

  /** What a cluster client wants to be given. */
  get addresses(): { host: string; port: number }[] {
    return this.nodes.map(({ host, port }) => ({ host, port }));
  }

  /** A cluster client for assertions; closed by `stop()`. */
  client(options: ClusterOptions = {}): Cluster {
    const redisOptions = { password: this.masters[0]?.password, ...options.redisOptions };
    const client = new Cluster(this.addresses, { ...options, redisOptions });
    client.on('error', () => undefined);
    this.clients.add(client);
    return client;
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    this.clients.clear();
    await stopAll(this.nodes);
  }

  private async form(): Promise<void> {
    await Promise.all(this.masters.map((node, index) => this.assignSlots(node, index)));
    await this.introduce();
    await Promise.all(this.replicas.map((node, index) => this.followMaster(node, index)));
    await Promise.all(this.nodes.map((node) => untilOk(node, this.nodes.length)));
  }

  private async assignSlots(node: RedisServer, index: number): Promise<void> {
    const first = Math.floor((index * SLOTS) / this.masters.length);
    const end = Math.floor(((index + 1) * SLOTS) / this.masters.length);
    await node.client().cluster('ADDSLOTSRANGE', first, end - 1);
    // Masters that start with equal epochs would first have to settle a conflict.
    await node.client().cluster('SET-CONFIG-EPOCH', index + 1);
  }

  private async introduce(): Promise<void> {
    const [first, ...others] = this.nodes;
    const client = first?.client();
    for (const node of others) await client?.call('CLUSTER', 'MEET', node.host, node.port, node.busPort);
  }

  private async followMaster(replica: RedisServer, index: number): Promise<void> {
    const master = this.masters[index % this.masters.length];
    const masterId = String(await master?.client().cluster('MYID'));
    const client = replica.client();
    await until(() => client.cluster('REPLICATE', masterId), {
      timeoutMs: FORM_TIMEOUT_MS,
      what: `the replica on port ${replica.port} to know its master`,
    });
    await until(async () => (await client.info('replication')).includes('master_link_status:up'), {
      timeoutMs: FORM_TIMEOUT_MS,
      what: `the replica on port ${replica.port} to be in sync`,
    });
  }
}

async function untilOk(node: RedisServer, nodes: number): Promise<void> {
  const client = node.client();
  const wanted = ['cluster_state:ok', `cluster_slots_ok:${SLOTS}`, `cluster_known_nodes:${nodes}`];
  await until(
    async () => {
      const lines = String(await client.cluster('INFO')).split('\r\n');
      return wanted.every((line) => lines.includes(line));
    },
    { timeoutMs: FORM_TIMEOUT_MS, what: `${wanted.join(', ')} on port ${node.port}` },
  );
}
