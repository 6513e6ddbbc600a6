import type { Redis } from 'ioredis';
import { isSplitSlot, type RedisClient, Script } from 'nestjs-redis-connection';
import type { ClearCursor, EntryStore, CacheEvent, KeyPage } from '../backend.js';
import type { Announce } from './redis-event-channel.js';
import type { KeySpace } from './key-space.js';

/** Large enough to be fast, small enough not to delay other clients. */
const SCAN_COUNT = 1_000;

/** Large entries are told apart by their beginning and their length, so that they are not sent back to Redis. */
const COMPARED_BYTES = 64 * 1024;

const DISCARD = new Script(`
  if redis.call('STRLEN', KEYS[1]) == tonumber(ARGV[2])
    and redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1) == ARGV[1] then
    return redis.call('UNLINK', KEYS[1])
  end
  return 0
`);

const DISCARD_FOREIGN = new Script(`
  local kind = redis.call('TYPE', KEYS[1]).ok
  if kind == 'string' or kind == 'none' then return 0 end
  return redis.call('UNLINK', KEYS[1])
`);

// An entry begins with its version and its flags, of which 2 marks a failure; bytes 2 to 7 hold its creation time,
// big-endian. They are compared as numbers, because Lua compares strings by the server's locale.
const SET_UNLESS_YOUNGER = new Script(`
  local function created(entry)
    local sum = 0
    for at = 3, 8 do sum = sum * 256 + string.byte(entry, at) end
    return sum
  end
  local there = redis.call('GETRANGE', KEYS[1], 0, 7)
  if #there == 8 and string.byte(there, 1) == string.byte(ARGV[1], 1)
    and string.byte(there, 2) % 4 < 2 and created(there) > created(ARGV[1]) then return 0 end
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
`);

/** Entries in Redis: one string each, which Redis itself expires. */
export class RedisEntryStore implements EntryStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly announce: Announce,
  ) {}

  get(key: string): Promise<Buffer | null> {
    return this.client.getBuffer(this.keys.entry(key));
  }

  set(key: string, entry: Buffer, ttlMs: number): Promise<unknown> {
    return this.announce(this.client.set(this.keys.entry(key), entry, 'PX', ttlMs), [changed(key)]);
  }

  async setUnlessYounger(key: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    const written = SET_UNLESS_YOUNGER.run(this.client, [this.keys.entry(key)], entry, ttlMs);
    return Number(await this.announce(written, [changed(key)])) === 1;
  }

  delete(keys: readonly string[]): Promise<unknown> {
    return this.announce(this.#delete(keys), keys.map(changed));
  }

  #delete(keys: readonly string[]): Promise<unknown> {
    if (!this.client.isCluster) {
      return this.client.unlink(keys.flatMap((key) => [this.keys.entry(key), this.keys.lease(key)]));
    }
    return Promise.all(keys.map((key) => this.#deleteInCluster(key)));
  }

  // While a slot migrates, a command with several keys fails. The lease goes first: what is computed under it can then
  // no longer be stored.
  async #deleteInCluster(key: string): Promise<void> {
    const keys = [this.keys.lease(key), this.keys.entry(key)];
    try {
      await this.client.unlink(...keys);
    } catch (error) {
      if (!isSplitSlot(error)) throw error;
      for (const one of keys) await this.client.unlink(one);
    }
  }

  async discard(key: string, bytes: Buffer): Promise<number> {
    const beginning = bytes.subarray(0, COMPARED_BYTES);
    return Number(await DISCARD.run(this.client, [this.keys.entry(key)], beginning, bytes.byteLength));
  }

  async discardForeign(key: string): Promise<number> {
    return Number(await DISCARD_FOREIGN.run(this.client, [this.keys.entry(key)]));
  }

  /**
   * A cursor is `<what>/<node>/<position>`: SCAN covers one node, so the masters of a Cluster are scanned in
   * turn. All leases are deleted before the first entry: a computation that is already running can then no
   * longer store its result behind the scan.
   */
  async clearPage(cursor: ClearCursor | null): Promise<ClearCursor | null> {
    const masters = this.#masters();
    const at = cursor === null ? firstPosition(masters, 'lease') : parsePosition(cursor);
    const master = masters.get(at.node);
    if (!master) throw new Error('a node left while the cache was being cleared');
    const position = await this.#clearOn(master, at);
    if (position !== '0') return formatPosition({ ...at, position });
    const next = firstPageAfter(masters, at);
    return next === null ? this.announce(Promise.resolve(null), [{ type: 'flushed' }]) : next;
  }

  async keyPage(prefix: string, cursor: ClearCursor | null): Promise<KeyPage> {
    const masters = this.#masters();
    const at = cursor === null ? firstPosition(masters, 'entry') : parsePosition(cursor);
    const master = masters.get(at.node);
    if (!master) throw new Error('a node left while the keys were being read');
    const clientPrefix = this.client.options.keyPrefix ?? '';
    const pattern = this.keys.entryPattern(clientPrefix, prefix);
    const [position, found] = await master.scan(at.position, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    const keys = found.flatMap((key) => this.keys.entryOf(key.slice(clientPrefix.length)) ?? []);
    if (position !== '0') return { keys, cursor: formatPosition({ ...at, position }) };
    return { keys, cursor: firstPageAfter(masters, at) };
  }

  async #clearOn(master: Redis, { what, position }: Position): Promise<string> {
    const clientPrefix = this.client.options.keyPrefix ?? '';
    const pattern =
      what === 'lease' ? this.keys.leasePattern(clientPrefix) : this.keys.entryPattern(clientPrefix);
    const [next, found] = await master.scan(position, 'MATCH', pattern, 'COUNT', SCAN_COUNT);
    // SCAN returns whole keys, but the client adds its prefix to each key of a command.
    await this.#unlink(found.map((key) => key.slice(clientPrefix.length)));
    return next;
  }

  async #unlink(keys: string[]): Promise<void> {
    if (keys.length === 0) return;
    // The keys of a Cluster lie in many slots, and a command may touch only one.
    if (this.client.isCluster) await Promise.all(keys.map((key) => this.client.unlink(key)));
    else await this.client.unlink(keys);
  }

  #masters(): Map<string, Redis> {
    if (!this.client.isCluster) return new Map([['', this.client as Redis]]);
    const nodes = (this.client as Exclude<RedisClient, Redis>).nodes('master');
    return new Map(nodes.map((node) => [`${node.options.host}:${node.options.port}`, node]));
  }
}

function changed(key: string): CacheEvent {
  return { type: 'changed', key };
}

interface Position {
  what: 'lease' | 'entry';
  node: string;
  position: string;
}

function firstPosition(masters: Map<string, Redis>, what: Position['what']): Position {
  const [node] = masters.keys();
  if (node === undefined) throw new Error('no master is known');
  return { what, node, position: '0' };
}

function formatPosition({ what, node, position }: Position): ClearCursor {
  return `${what}/${node}/${position}`;
}

function parsePosition(cursor: ClearCursor): Position {
  const [what, node, position] = cursor.split('/') as [Position['what'], string, string];
  return { what, node, position };
}

function firstPageAfter(masters: Map<string, Redis>, { what, node }: Position): ClearCursor | null {
  const names = [...masters.keys()];
  const next = names[names.indexOf(node) + 1];
  if (next !== undefined) return formatPosition({ what, node: next, position: '0' });
  return what === 'lease' ? formatPosition(firstPosition(masters, 'entry')) : null;
}
