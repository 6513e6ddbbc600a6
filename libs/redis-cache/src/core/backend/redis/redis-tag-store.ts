import { randomUUID } from 'node:crypto';
import { type RedisClient, Script } from 'nestjs-redis-connection';
import type { TagStore } from '../backend.js';
import type { Announce } from './redis-event-channel.js';
import type { KeySpace } from './key-space.js';

// A tag gets twice the required expiry, so that it is rarely extended: processes with copies receive an event
// for each extension, as for any change.
const ENSURE = new Script(`
  local version = redis.call('GET', KEYS[1])
  if not version then
    redis.call('SET', KEYS[1], ARGV[1], 'PX', 2 * ARGV[2])
    return ARGV[1]
  end
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], 2 * ARGV[2]) end
  return version
`);

/** Tag versions in Redis, one key each. A Cluster does not allow comparing them with entries in one script. */
export class RedisTagStore implements TagStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly announce: Announce,
  ) {}

  ensure(tags: readonly string[], keepMs: number): Promise<string[]> {
    return Promise.all(tags.map((tag) => this.#ensure(tag, keepMs)));
  }

  read(tags: readonly string[]): Promise<(string | null)[]> {
    return Promise.all(tags.map((tag) => this.client.get(this.keys.tag(tag))));
  }

  invalidate(tags: readonly string[]): Promise<unknown> {
    const unlinked = Promise.all(tags.map((tag) => this.client.unlink(this.keys.tag(tag))));
    return this.announce(
      unlinked,
      tags.map((tag) => ({ type: 'invalidated', tag })),
    );
  }

  #ensure(tag: string, keepMs: number): Promise<string> {
    return ENSURE.run(this.client, [this.keys.tag(tag)], randomUUID(), keepMs) as Promise<string>;
  }
}
