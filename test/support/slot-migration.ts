/**
 * A slot of a cluster that moves from its owner to another master, as while a cluster is resharded. Keys that the owner
 * does not have are at the other master meanwhile.
 *
 *   const migration = await SlotMigration.begin(cluster, slot);
 *   await migration.finish();                          // or cancel()
 */
import type { RedisCluster } from './redis-cluster.js';
import type { RedisServer } from './redis-server.js';

type Range = [from: number, to: number, master: [host: string, port: number]];

const MAX_KEYS = 1_000;
const MIGRATE_TIMEOUT_MS = 5_000;

export class SlotMigration {
  private constructor(
    private readonly cluster: RedisCluster,
    private readonly slot: number,
    private readonly owner: RedisServer,
    private readonly next: RedisServer,
  ) {}

  static async begin(cluster: RedisCluster, slot: number): Promise<SlotMigration> {
    const owner = await ownerOf(cluster, slot);
    const next = cluster.masters.find((node) => node !== owner)!;
    await next.client().cluster('SETSLOT', slot, 'IMPORTING', await idOf(owner));
    await owner.client().cluster('SETSLOT', slot, 'MIGRATING', await idOf(next));
    return new SlotMigration(cluster, slot, owner, next);
  }

  /** Moves the keys, and gives the slot to the other master. */
  async finish(): Promise<void> {
    const client = this.owner.client();
    const keys = (await client.cluster('GETKEYSINSLOT', this.slot, MAX_KEYS)) as string[];
    const { host, port } = this.next;
    if (keys.length > 0) await client.call('MIGRATE', host, port, '', 0, MIGRATE_TIMEOUT_MS, 'KEYS', ...keys);
    const id = await idOf(this.next);
    for (const node of [this.next, this.owner, ...this.cluster.masters])
      await node.client().cluster('SETSLOT', this.slot, 'NODE', id);
  }

  /** Leaves the slot where it was. */
  async cancel(): Promise<void> {
    for (const node of this.cluster.masters) await node.client().cluster('SETSLOT', this.slot, 'STABLE');
  }
}

async function ownerOf(cluster: RedisCluster, slot: number): Promise<RedisServer> {
  const ranges = (await cluster.masters[0]!.client().cluster('SLOTS')) as unknown as Range[];
  const [, , [, port]] = ranges.find(([from, to]) => from <= slot && slot <= to)!;
  return cluster.masters.find((node) => node.port === port)!;
}

const idOf = async (node: RedisServer): Promise<string> => String(await node.client().cluster('MYID'));
