import type { Redis } from 'ioredis';
import type { RedisCluster, RedisServer } from '@test/support/index.js';

interface Move {
  readonly slot: number;
  readonly from: RedisServer;
  readonly to: RedisServer;
}

const MIGRATE_TIMEOUT_MS = 5_000;
/** More than a slot holds. */
const KEYS_PER_SLOT = 1_000;

/** The migration of every slot that holds keys, each to the next master. */
export class SlotMigration {
  private constructor(
    private readonly cluster: RedisCluster,
    private readonly ids: ReadonlyMap<RedisServer, string>,
    private readonly moves: readonly Move[],
  ) {}

  /** From now on keys that are missing where a slot was are looked up, and created, where it goes to. */
  static async begin(cluster: RedisCluster): Promise<SlotMigration> {
    const ids = new Map<RedisServer, string>();
    const moves: Move[] = [];
    for (const [index, from] of cluster.masters.entries()) {
      const to = cluster.masters[(index + 1) % cluster.masters.length]!;
      ids.set(from, String(await from.client().cluster('MYID')));
      for (const slot of await slotsInUse(from.client())) moves.push({ slot, from, to });
    }
    const migration = new SlotMigration(cluster, ids, moves);
    await migration.#mark();
    return migration;
  }

  /** Moves the keys that are left, and gives the slots to their new masters. */
  async finish(): Promise<void> {
    for (const move of this.moves) await moveKeys(move);
    // The new master first: no moment without one.
    for (const { slot, to, from } of this.moves) {
      for (const node of [to, from]) await clientOf(node).cluster('SETSLOT', slot, 'NODE', this.ids.get(to)!);
    }
    for (const { slot, to } of this.moves) {
      for (const node of this.cluster.masters)
        await clientOf(node).cluster('SETSLOT', slot, 'NODE', this.ids.get(to)!);
    }
  }

  async #mark(): Promise<void> {
    for (const { slot, from, to } of this.moves) {
      await clientOf(to).cluster('SETSLOT', slot, 'IMPORTING', this.ids.get(from)!);
      await clientOf(from).cluster('SETSLOT', slot, 'MIGRATING', this.ids.get(to)!);
    }
  }
}

const clients = new WeakMap<RedisServer, Redis>();

/** One connection for thousands of commands. */
function clientOf(server: RedisServer): Redis {
  const client = clients.get(server) ?? server.client();
  clients.set(server, client);
  return client;
}

async function slotsInUse(client: Redis): Promise<Set<number>> {
  const keys = await client.keys('*');
  return new Set(await Promise.all(keys.map(async (key) => Number(await client.cluster('KEYSLOT', key)))));
}

async function moveKeys({ slot, from, to }: Move): Promise<void> {
  const keys = await clientOf(from).cluster('GETKEYSINSLOT', slot, KEYS_PER_SLOT);
  if (keys.length === 0) return;
  await clientOf(from).migrate(to.host, to.port, '', 0, MIGRATE_TIMEOUT_MS, 'KEYS', ...keys);
}
