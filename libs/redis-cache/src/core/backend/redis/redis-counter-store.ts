import { type RedisClient, Script } from 'nestjs-redis-connection';
import type { CounterStore, TallyBatch, WindowCount } from '../backend.js';
import type { KeySpace } from './key-space.js';

/** After a week without additions, a batch of the same writer may be counted twice. */
const BATCH_KEEP_MS = 7 * 24 * 60 * 60 * 1_000;

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

/** Counters in Redis: a hash per tally, a number with an expiry per window. */
export class RedisCounterStore implements CounterStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
  ) {}

  async add(name: string, increments: ReadonlyMap<string, number>, batch?: TallyBatch): Promise<boolean> {
    const keys = [this.keys.tally(name)];
    if (batch) keys.push(this.keys.tallyBatch(name, batch.writer));
    const fields = [...increments].flat();
    const added = await ADD.run(this.client, keys, batch?.sequence ?? 0, BATCH_KEEP_MS, ...fields);
    // A client of the user may return numbers as strings (`stringNumbers`).
    return Number(added) === 1;
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
}
