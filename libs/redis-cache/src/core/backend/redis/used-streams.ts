import type { Cluster, Redis } from 'ioredis';
import { isReplyError, type RedisClient, Script } from 'nestjs-redis-connection';

/** Limit of one command: Redis serves no other client while a script runs. */
const MAX_KEYS_PER_CHECK = 500;
const UNKNOWN = '?';

/** `KEYS`: streams. Returns a string with 0 for each that is empty; 1 also for what is no stream, which a read reports. */
const CHECK = new Script(`
  local flags = {}
  for at, key in ipairs(KEYS) do flags[at] = redis.pcall('XLEN', key) == 0 and '0' or '1' end
  return table.concat(flags)
`);

/** `ARGV`: streams in any slots. As CHECK, with ? for those that this node of a Cluster does not serve. */
const CHECK_ON_NODE = new Script(`#!lua flags=no-writes,allow-cross-slot-keys
  local flags = {}
  for at, key in ipairs(ARGV) do
    local length = redis.pcall('XLEN', key)
    flags[at] = type(length) ~= 'number' and '${UNKNOWN}' or length == 0 and '0' or '1'
  end
  return table.concat(flags)
`);

/** Finds the streams that hold entries, with one command for up to 500 of them, in a Cluster with one for each master. */
export class UsedStreams {
  /** The master that has served a key. Only the first check of a key is sent to all masters. */
  readonly #homes = new Map<string, Redis>();

  constructor(private readonly client: RedisClient) {}

  /** Returns those of the keys that hold entries, and those that hold another type. */
  async among(keys: readonly string[]): Promise<Set<string>> {
    const used = new Set<string>();
    const chunks = Array.from({ length: Math.ceil(keys.length / MAX_KEYS_PER_CHECK) }, (_, index) =>
      keys.slice(index * MAX_KEYS_PER_CHECK, (index + 1) * MAX_KEYS_PER_CHECK),
    );
    await Promise.all(chunks.map((chunk) => this.#check(chunk, used)));
    return used;
  }

  async #check(keys: readonly string[], used: Set<string>): Promise<void> {
    const unknown = this.client.isCluster ? await this.#checkOnNodes(keys, used) : keys;
    // In a Cluster one by one, because these lie in many slots; the client follows those that have moved.
    const groups = this.client.isCluster ? unknown.map((key) => [key]) : [[...unknown]];
    await Promise.all(groups.map(async (group) => record(group, await CHECK.run(this.client, group), used)));
  }

  /** Returns the keys that no master has reported. */
  async #checkOnNodes(keys: readonly string[], used: Set<string>): Promise<string[]> {
    const unknown = new Set(keys);
    const checkOn = async (node: Redis): Promise<void> => {
      const own = keys.filter((key) => (this.#homes.get(key) ?? node) === node);
      const flags = own.length > 0 ? await this.#flagsOf(node, own) : '';
      for (const key of record(own, flags, used)) {
        unknown.delete(key);
        this.#homes.set(key, node);
      }
    };
    await Promise.all((this.client as Cluster).nodes('master').map(checkOn));
    for (const key of unknown) this.#homes.delete(key);
    return [...unknown];
  }

  async #flagsOf(node: Redis, keys: readonly string[]): Promise<string> {
    // The client puts its prefix before keys, not before other arguments.
    const prefix = this.client.options.keyPrefix ?? '';
    try {
      return String(await CHECK_ON_NODE.run(node, [], ...keys.map((key) => prefix + key)));
    } catch (error) {
      // A server or a proxy that does not allow such scripts.
      if (isReplyError(error)) return '';
      throw error;
    }
  }
}

/** Adds the keys with the flag 1 to `used`, and returns those whose state is known. */
function record(keys: readonly string[], reply: unknown, used: Set<string>): string[] {
  const flags = String(reply);
  const known = keys.filter((_key, at) => (flags[at] ?? UNKNOWN) !== UNKNOWN);
  for (const [at, key] of keys.entries()) if (flags[at] === '1') used.add(key);
  return known;
}
