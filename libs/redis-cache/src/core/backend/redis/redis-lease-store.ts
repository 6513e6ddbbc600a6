import { isSplitSlot, type RedisClient, Script, type ScriptArgument } from 'nestjs-redis-connection';
import type { LeaseAdoption, LeaseAttempt, LeaseOutcome, LeaseRequest, LeaseStore } from '../backend.js';
import type { KeySpace } from './key-space.js';
import { formatEnd } from './redis-event-channel.js';

/*
 * KEYS[1] is the lease, KEYS[2] the entry; both lie in one slot. The lease's value begins with its
 * state, then the holder's token (36 characters), then the outcome that the holder left:
 *   h<token>             held
 *   f<token><failure>    failed
 *   v<token><json>       succeeded with a value that is not stored
 *
 * While the slot migrates in a Cluster, a script with both keys fails; then it gets the lease alone, and the entry is
 * read or written by a command of its own. Between the two, another process may write the entry.
 */
const HEADER_END = 25;
const TOKEN_LENGTH = 36;
const NONE = Buffer.alloc(0);

const ACQUIRE = new Script(`
  local lease = redis.call('GET', KEYS[1])
  local state = lease and string.sub(lease, 1, 1)
  if state == 'h' and ARGV[5] == '0' then return {'held', string.sub(lease, 2)} end
  if state == 'f' and ARGV[4] == '1' then return {'failed', string.sub(lease, ${TOKEN_LENGTH + 2})} end
  if ARGV[5] == '0' and KEYS[2] then
    local header = redis.call('GETRANGE', KEYS[2], 0, ${HEADER_END})
    if header ~= '' and header ~= ARGV[3] then return {'entry', redis.call('GET', KEYS[2])} end
  end
  redis.call('SET', KEYS[1], 'h' .. ARGV[1], 'PX', ARGV[2])
  return {'acquired'}
`);

const PEEK = new Script(`
  local header = KEYS[2] and redis.call('GETRANGE', KEYS[2], 0, ${HEADER_END}) or ''
  if header ~= '' and header ~= ARGV[2] then return {'entry', redis.call('GET', KEYS[2])} end
  local lease = redis.call('GET', KEYS[1])
  if not lease then return {'gone'} end
  local state = string.sub(lease, 1, 1)
  if state == 'h' then return {'held', string.sub(lease, 2)} end
  if string.sub(lease, 2, ${TOKEN_LENGTH + 1}) ~= ARGV[1] then return {'gone'} end
  local names = {f = 'failed', v = 'value'}
  return {names[state], string.sub(lease, ${TOKEN_LENGTH + 2})}
`);

const RENEW = new Script(`
  if redis.call('GET', KEYS[1]) ~= 'h' .. ARGV[1] then return 0 end
  return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`);

const COMPLETE = new Script(`
  if redis.call('GET', KEYS[1]) ~= 'h' .. ARGV[1] then return 0 end
  if KEYS[2] then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
  redis.call('UNLINK', KEYS[1])
  redis.pcall('PUBLISH', ARGV[4], ARGV[5])
  return 1
`);

const COMPLETE_FAILED = new Script(`
  if redis.call('GET', KEYS[1]) ~= 'h' .. ARGV[1] then return 0 end
  local header = KEYS[2] and redis.call('GETRANGE', KEYS[2], 0, ${HEADER_END})
  if header == '' or header == ARGV[4] then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
  redis.call('UNLINK', KEYS[1])
  redis.pcall('PUBLISH', ARGV[5], ARGV[6])
  return 1
`);

const PUT = new Script(`
  if redis.call('GET', KEYS[1]) ~= 'h' .. ARGV[1] then return 0 end
  if KEYS[2] then redis.call('SET', KEYS[2], ARGV[2], 'PX', ARGV[3]) end
  redis.pcall('PUBLISH', ARGV[4], ARGV[5])
  return 1
`);

const ADOPT = new Script(`
  local lease = redis.call('GET', KEYS[1])
  if lease == 'h' .. ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[3])
    return 'adopted'
  end
  if lease and string.sub(lease, 1, 1) == 'h' then return 'held' end
  redis.call('SET', KEYS[1], 'h' .. ARGV[2], 'PX', ARGV[3])
  return 'taken'
`);

const LEAVE = new Script(`
  if redis.call('GET', KEYS[1]) ~= 'h' .. ARGV[1] then return 0 end
  redis.call('SET', KEYS[1], ARGV[2] .. ARGV[1] .. ARGV[3], 'PX', ARGV[4])
  redis.pcall('PUBLISH', ARGV[5], ARGV[6])
  return 1
`);

const RELEASE = new Script(`
  if redis.call('GET', KEYS[1]) ~= 'h' .. ARGV[1] then return 0 end
  redis.call('UNLINK', KEYS[1])
  redis.pcall('PUBLISH', ARGV[2], ARGV[3])
  return 1
`);

/** Leases in Redis, timed by the server's clock. Their ends are announced on the cache's channel. */
export class RedisLeaseStore implements LeaseStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly channel: string,
    /** Marks the announcements of this process. */
    private readonly origin: string,
  ) {}

  async acquire(key: string, token: string, leaseMs: number, request: LeaseRequest): Promise<LeaseAttempt> {
    const { seen, hasStale, force } = request;
    const args = [token, leaseMs, seen ?? NONE, flag(hasStale), flag(force)];
    return this.#reply<LeaseAttempt>(ACQUIRE, key, args, async (alone) => {
      const attempt = await alone();
      // Only now: the entry that the last holder stored is there once its lease is free.
      const newer = attempt.state === 'acquired' && !force ? await this.#newer(key, seen) : null;
      if (newer === null) return attempt;
      await this.release(key, token);
      return { state: 'entry', bytes: newer };
    });
  }

  async peek(key: string, holder: string, seen: Buffer | null): Promise<LeaseOutcome> {
    return this.#reply<LeaseOutcome>(PEEK, key, [holder, seen ?? NONE], async (alone) => {
      const outcome = await alone();
      const newer = await this.#newer(key, seen);
      return newer === null ? outcome : { state: 'entry', bytes: newer };
    });
  }

  renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.#isOne(RENEW, key, token, leaseMs);
  }

  complete(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    const args = [token, entry, ttlMs, this.channel, this.#ended(key)];
    return this.#store(COMPLETE, key, args, () => this.#write(key, token, entry, ttlMs));
  }

  completeFailed(
    key: string,
    token: string,
    failure: Buffer,
    ttlMs: number,
    seen: Buffer | null,
  ): Promise<boolean> {
    const args = [token, failure, ttlMs, seen ?? NONE, this.channel, this.#ended(key)];
    return this.#store(COMPLETE_FAILED, key, args, async () => {
      if ((await this.#newer(key, seen)) === null) await this.#write(key, token, failure, ttlMs);
    });
  }

  async adopt(key: string, token: string | null, next: string, leaseMs: number): Promise<LeaseAdoption> {
    const reply = await ADOPT.run(this.client, [this.keys.lease(key)], token ?? NONE, next, leaseMs);
    return reply as LeaseAdoption;
  }

  put(key: string, token: string, entry: Buffer, ttlMs: number): Promise<boolean> {
    const args = [token, entry, ttlMs, this.channel, this.#ended(key)];
    return this.#store(PUT, key, args, () => this.#write(key, token, entry, ttlMs));
  }

  fail(key: string, token: string, failure: string, keepMs: number): Promise<boolean> {
    return this.#isOne(LEAVE, key, token, 'f', failure, keepMs, this.channel, this.#ended(key));
  }

  share(key: string, token: string, json: string, keepMs: number): Promise<boolean> {
    return this.#isOne(LEAVE, key, token, 'v', json, keepMs, this.channel, this.#ended(key));
  }

  release(key: string, token: string): Promise<boolean> {
    return this.#isOne(RELEASE, key, token, this.channel, this.#ended(key));
  }

  async #isOne(script: Script, key: string, ...args: ScriptArgument[]): Promise<boolean> {
    // A client of the user may return numbers as strings (`stringNumbers`).
    return Number(await script.run(this.client, [this.keys.lease(key)], ...args)) === 1;
  }

  /** Runs a script that stores an entry; `write` does so in a slot that migrates. */
  async #store(
    script: Script,
    key: string,
    args: ScriptArgument[],
    write: () => Promise<void>,
  ): Promise<boolean> {
    try {
      return Number(await script.run(this.client, this.#keysOf(key), ...args)) === 1;
    } catch (error) {
      if (!isSplitSlot(error)) throw error;
      await write();
      return this.#isOne(script, key, ...args);
    }
  }

  /** Stores an entry if the token holds the lease. */
  async #write(key: string, token: string, entry: Buffer, ttlMs: number): Promise<void> {
    const isHeld = (await this.client.get(this.keys.lease(key))) === `h${token}`;
    if (isHeld) await this.client.set(this.keys.entry(key), entry, 'PX', ttlMs);
  }

  /** Runs a script that reads the entry too; `split` does so in a slot that migrates. */
  async #reply<Outcome extends LeaseAttempt | LeaseOutcome>(
    script: Script,
    key: string,
    args: ScriptArgument[],
    split: (alone: () => Promise<Outcome>) => Promise<Outcome>,
  ): Promise<Outcome> {
    const run = async (keys: string[]): Promise<Outcome> =>
      toOutcome((await script.runForBytes(this.client, keys, ...args)) as Buffer[]) as Outcome;
    try {
      return await run(this.#keysOf(key));
    } catch (error) {
      if (!isSplitSlot(error)) throw error;
      return split(() => run([this.keys.lease(key)]));
    }
  }

  /** The entry, unless there is none or its header has been `seen`. */
  async #newer(key: string, seen: Buffer | null): Promise<Buffer | null> {
    const bytes = await this.client.getBuffer(this.keys.entry(key));
    return bytes !== null && seen?.equals(bytes.subarray(0, HEADER_END + 1)) ? null : bytes;
  }

  #ended(key: string): string {
    return formatEnd(key, this.origin);
  }

  #keysOf(key: string): [lease: string, entry: string] {
    return [this.keys.lease(key), this.keys.entry(key)];
  }
}

function flag(value: boolean): string {
  return value ? '1' : '0';
}

function toOutcome([state, rest]: Buffer[]): LeaseAttempt | LeaseOutcome {
  const name = state!.toString();
  if (name === 'held') return { state: 'held', holder: rest!.toString() };
  if (name === 'failed') return { state: 'failed', failure: rest!.toString() };
  if (name === 'value') return { state: 'value', json: rest!.toString() };
  if (name === 'entry') return { state: 'entry', bytes: rest! };
  return { state: name as 'acquired' | 'gone' };
}
