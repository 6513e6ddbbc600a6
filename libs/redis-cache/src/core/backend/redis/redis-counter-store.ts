import { isSplitSlot, type RedisClient, Script } from 'nestjs-redis-connection';
import type { CallLimit, CounterStore, LimitCount, TallyBatch, WindowCount } from '../backend.js';
import type { KeySpace } from './key-space.js';

/**
 * A batch that is repeated later than this after the writer's latest addition may be counted twice. A writer repeats a batch
 * until it is confirmed, so this is how long it may be cut off from Redis. Each start of a process is another writer,
 * whose key takes memory for this long.
 */
const BATCH_KEEP_MS = 60 * 60 * 1_000;

// Every field is checked before the first is changed, because a script that fails half-way is not rolled back.
const ADD = new Script(`
  local tally = KEYS[1]
  if KEYS[2] then
    if tonumber(ARGV[1]) <= tonumber(redis.call('GET', KEYS[2]) or -1) then return 0 end
  end
  for i = 3, #ARGV, 2 do
    local there = redis.call('HGET', tally, ARGV[i])
    if there and not tonumber(there) then return redis.error_reply('ERR a field of the tally is no number') end
  end
  for i = 3, #ARGV, 2 do redis.call('HINCRBYFLOAT', tally, ARGV[i], ARGV[i + 1]) end
  if KEYS[2] then redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2]) end
  return 1
`);

const COUNT = new Script(`
  local count = redis.call('INCRBY', KEYS[1], ARGV[2])
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
    left = tonumber(ARGV[1])
  end
  return {count, left}
`);

// The key expires at the end of the window or of the block, so that the count begins again. HINCRBYFLOAT, because the
// documented rights of a Redis user contain no other command that writes to a hash.
const COUNT_LIMITED = new Script(`
  local function expireIn(ms) redis.call('PEXPIRE', KEYS[1], ms) return tonumber(ms) end
  local blocked = redis.call('HGET', KEYS[1], 'blocked')
  local count = tonumber(redis.call('HINCRBYFLOAT', KEYS[1], 'count', blocked and 0 or 1))
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then left = expireIn(ARGV[2]) end
  if not blocked and count > tonumber(ARGV[1]) then
    blocked = redis.call('HINCRBYFLOAT', KEYS[1], 'blocked', 1)
    if tonumber(ARGV[3]) > 0 then left = expireIn(ARGV[3]) end
  end
  return {count, left, blocked and 1 or 0}
`);

/** Counters in Redis: a hash per tally, a number with an expiry per window, a hash with an expiry per limit. */
export class RedisCounterStore implements CounterStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
  ) {}

  async add(name: string, increments: ReadonlyMap<string, number>, batch?: TallyBatch): Promise<boolean> {
    const fields = [...increments].flat();
    if (!batch) return this.#add([this.keys.tally(name)], 0, fields);
    try {
      return await this.#add([this.keys.tally(name), this.#batchKey(name, batch)], batch.sequence, fields);
    } catch (error) {
      if (!isSplitSlot(error)) throw error;
      return this.#addInSplitSlot(name, batch, fields);
    }
  }

  async read(name: string): Promise<Map<string, number>> {
    const fields = await this.client.hgetall(this.keys.tally(name));
    return new Map(Object.entries(fields).map(([field, text]) => [field, Number(text)]));
  }

  async countInWindow(name: string, windowMs: number, amount: number): Promise<WindowCount> {
    const reply = await COUNT.run(this.client, [this.keys.window(name)], windowMs, amount);
    const [count, resetMs] = (reply as unknown[]).map(Number) as [number, number];
    return { count, resetMs };
  }

  async countLimited(name: string, { limit, windowMs, blockMs }: CallLimit): Promise<LimitCount> {
    const reply = await COUNT_LIMITED.run(this.client, [this.keys.limit(name)], limit, windowMs, blockMs);
    const [count, resetMs, blocked] = (reply as unknown[]).map(Number) as [number, number, number];
    return { count, resetMs, blocked: blocked === 1 };
  }

  async #add(keys: string[], sequence: number, fields: (string | number)[]): Promise<boolean> {
    // A client of the user may return numbers as strings (`stringNumbers`).
    return Number(await ADD.run(this.client, keys, sequence, BATCH_KEEP_MS, ...fields)) === 1;
  }

  // One key at a time: only a batch that is repeated because the connection broke between the steps is counted twice.
  async #addInSplitSlot(name: string, batch: TallyBatch, fields: (string | number)[]): Promise<boolean> {
    const key = this.#batchKey(name, batch);
    if (batch.sequence <= Number((await this.client.get(key)) ?? -1)) return false;
    await this.#add([this.keys.tally(name)], 0, fields);
    await this.client.set(key, batch.sequence, 'PX', BATCH_KEEP_MS);
    return true;
  }

  #batchKey(name: string, { writer }: TallyBatch): string {
    return this.keys.tallyBatch(name, writer);
  }
}
