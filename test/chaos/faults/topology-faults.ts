import type { RedisConnectionOptions } from 'nestjs-redis-connection';
import { MovingName, RedisCluster, RedisSentinels, type RedisServer, until } from '@test/support/index.js';
import type { Fault, World } from './fault.js';
import { SlotMigration } from './slot-migration.js';

/** Faults of several servers that stand for one. */

const NODE_TIMEOUT_MS = 2_000;
const FAILOVER_MS = 60_000;

class SentinelWorld implements World {
  #failover: Promise<unknown> | undefined;

  private constructor(private readonly setUp: RedisSentinels) {}

  static async start(this: void): Promise<SentinelWorld> {
    return new SentinelWorld(await RedisSentinels.start());
  }

  get connection(): RedisConnectionOptions {
    return { sentinels: this.setUp.sentinels, sentinelName: this.setUp.masterName };
  }

  async killMaster(): Promise<void> {
    await untilReplicated(this.setUp.master);
    this.#failover = this.setUp.awaitFailover(FAILOVER_MS);
    await this.setUp.master.kill();
  }

  untilFailedOver = async (): Promise<unknown> => this.#failover;

  stop = (): Promise<void> => this.setUp.stop();
}

class NameWorld implements World {
  private constructor(readonly name: MovingName) {}

  static async start(this: void): Promise<NameWorld> {
    return new NameWorld(await MovingName.start());
  }

  get connection(): RedisConnectionOptions {
    return this.name.address;
  }

  async demote(): Promise<void> {
    await untilReplicated(this.name.old);
    await this.name.demote();
  }

  stop = (): Promise<void> => this.name.stop();
}

class ClusterWorld implements World {
  #migration: SlotMigration | undefined;

  private constructor(readonly cluster: RedisCluster) {}

  static async start(this: void): Promise<ClusterWorld> {
    return new ClusterWorld(await RedisCluster.start());
  }

  static async withReplicas(this: void): Promise<ClusterWorld> {
    const options = { replicasPerMaster: 1, nodeTimeoutMs: NODE_TIMEOUT_MS };
    return new ClusterWorld(await RedisCluster.start(options));
  }

  get connection(): RedisConnectionOptions {
    return { clusterNodes: this.cluster.addresses };
  }

  async killMaster(): Promise<void> {
    for (const master of this.cluster.masters) await untilReplicated(master);
    await this.cluster.masters[0]!.kill();
  }

  async untilFailedOver(): Promise<void> {
    const successor = this.cluster.replicas[0]!.client();
    const isOk = async (): Promise<boolean> => {
      const [role] = await successor.role();
      return role === 'master' && String(await successor.cluster('INFO')).includes('cluster_state:ok');
    };
    await until(isOk, { what: 'the replica to become a master', timeoutMs: FAILOVER_MS });
  }

  async beginMigration(): Promise<void> {
    this.#migration = await SlotMigration.begin(this.cluster);
  }

  finishMigration = async (): Promise<void> => this.#migration?.finish();

  stop = (): Promise<void> => this.cluster.stop();
}

/** Data that only the master has are lost with it, which is a matter of Redis. */
async function untilReplicated(master: RedisServer): Promise<void> {
  const client = master.client();
  // WAIT covers everything that came before the last command of its connection.
  await client.ping();
  await client.wait(1, FAILOVER_MS);
}

const sentinelFailover: Fault<SentinelWorld> = {
  name: 'fail-over by Sentinel',
  leaves: 'unsteady',
  world: SentinelWorld.start,
  start: (world) => world.killMaster(),
  stop: (world) => world.untilFailedOver(),
};

const nameFailover: Fault<NameWorld> = {
  name: 'fail-over behind one name',
  leaves: 'read-only',
  // Knows it as soon as a write was refused.
  except: { 'bullmq health': 'unsteady' },
  lines: 3,
  world: NameWorld.start,
  start: (world) => world.demote(),
  stop: async ({ name }) => name.move(),
};

const clusterFailover: Fault<ClusterWorld> = {
  name: 'a master of a Cluster is killed',
  leaves: 'unsteady',
  // Its slots are moved, then the Cluster is down, then they are served by another.
  lines: 6,
  world: ClusterWorld.withReplicas,
  start: (world) => world.killMaster(),
  stop: (world) => world.untilFailedOver(),
};

const migratingSlots: Fault<ClusterWorld> = {
  name: 'all slots of a Cluster migrate',
  leaves: 'available',
  // Scripts of BullMQ touch keys of which some have moved and others have not.
  except: {
    'bullmq submit': 'unsteady',
    'bullmq run': 'unsteady',
    'bullmq cancel': 'unsteady',
    'bullmq health': 'unsteady',
  },
  // One for each kind of redirection.
  lines: 4,
  world: ClusterWorld.start,
  start: (world) => world.beginMigration(),
  stop: (world) => world.finishMigration(),
};

export const TOPOLOGY_FAULTS: readonly Fault[] = [
  sentinelFailover,
  nameFailover,
  clusterFailover,
  migratingSlots,
];
