import { isSplitSlot, type RedisClient, Script, type ScriptArgument } from 'nestjs-redis-connection';
import {
  isLastRecord,
  type StreamAppend,
  type StreamAppended,
  type StreamReading,
  type StreamRecord,
  type StreamStore,
} from '../stream-store.js';
import type { KeySpace } from './key-space.js';
import { formatPieces } from './redis-event-channel.js';

/*
 * A log is a Redis Stream whose ids are the numbers of its records: 1-0, 2-0, … A record is one field: its name is the
 * letter of its kind, its value the text.
 * KEYS of both scripts lie in the slot of the lease. The watch exists while somebody reads the log. While that slot
 * migrates, a script gets the log alone; the other keys are read and written by commands of their own.
 */
const LETTERS = { header: 'h', pieces: 'p', ended: 'e', failed: 'f', cut: 'c' } as const;
const KINDS = Object.fromEntries(Object.entries(LETTERS).map(([kind, letter]) => [letter, kind])) as Record<
  string,
  StreamRecord['kind']
>;

/**
 * KEYS: log, lease, watch. ARGV: token, leaseMs, expireMs, first, keepFrom, is last, channel, message, records…
 * With the log alone, the first argument says instead whether the lease is held (`h`) and the log watched (`w`).
 */
const APPEND = new Script(`
  local alone = #KEYS == 1
  local held, watched
  if alone then
    held, watched = string.find(ARGV[1], 'h') ~= nil, string.find(ARGV[1], 'w') ~= nil
  else
    held, watched = redis.call('GET', KEYS[2]) == 'h' .. ARGV[1], redis.call('EXISTS', KEYS[3]) == 1
  end
  local latest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  if not latest and not held then return 'lost' end
  local last = latest and tonumber(string.match(latest[1], '^%d+')) or 0
  local number = tonumber(ARGV[4])
  if number > last + 1 then
    redis.call('UNLINK', KEYS[1])
    return 'lost'
  end
  for index = 9, #ARGV, 2 do
    if number > last then redis.call('XADD', KEYS[1], number .. '-0', ARGV[index], ARGV[index + 1]) end
    number = number + 1
  end
  redis.call('XTRIM', KEYS[1], 'MINID', ARGV[5])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  if held and not alone then redis.call('PEXPIRE', KEYS[2], ARGV[2]) end
  if watched and #ARGV > 8 then redis.pcall('PUBLISH', ARGV[7], ARGV[8]) end
  if ARGV[6] == '1' and not alone then redis.call('UNLINK', KEYS[3]) end
  return watched and 'watched' or 'unwatched'
`);

/** KEYS: log, and watch unless it was set before. ARGV: after, watchMs, limit. */
const READ = new Script(`
  local records = redis.call('XRANGE', KEYS[1], '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[3])
  local exists = #records > 0 or redis.call('EXISTS', KEYS[1]) == 1
  local last = records[#records]
  if KEYS[2] and not (last and string.find('efc', last[2][1], 1, true)) then
    redis.call('SET', KEYS[2], '', 'PX', ARGV[2])
  end
  return {exists and 1 or 0, records}
`);

/** Records of one reply; a reader that is further behind reads again. */
const MAX_RECORDS = 1_000;

type RecordReply = [id: string, field: [letter: string, text: string]];

/** Logs in Redis, timed by the server's clock. */
export class RedisStreamStore implements StreamStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
    private readonly channel: string,
  ) {}

  async append(key: string, token: string, append: StreamAppend): Promise<StreamAppended> {
    const { records, leaseMs, expireMs, first, keepFrom } = append;
    const isLast = records.length > 0 && isLastRecord(records.at(-1)!) ? '1' : '0';
    const keys = [this.keys.stream(key, token), this.keys.lease(key), this.keys.watch(key, token)];
    const fields = records.flatMap(({ kind, text }) => [LETTERS[kind], text]);
    const args = [leaseMs, expireMs, first, keepFrom, isLast, this.channel, formatPieces(key), ...fields];
    try {
      return (await APPEND.run(this.client, keys, token, ...args)) as StreamAppended;
    } catch (error) {
      if (!isSplitSlot(error)) throw error;
      return this.#appendInSplitSlot(keys, token, leaseMs, args);
    }
  }

  async read(key: string, token: string, after: number, watchMs: number): Promise<StreamReading> {
    const keys = [this.keys.stream(key, token), this.keys.watch(key, token)] as const;
    const args = [after, watchMs, MAX_RECORDS];
    const reply = await READ.run(this.client, [...keys], ...args).catch(async (error: unknown) => {
      if (!isSplitSlot(error)) throw error;
      // Before the read, so that what is appended after it is announced.
      await this.client.set(keys[1], '', 'PX', watchMs);
      return READ.run(this.client, [keys[0]], ...args);
    });
    const [exists, records] = reply as [number | string, RecordReply[]];
    // A client of the user may return numbers as strings (`stringNumbers`).
    const more = records.length === MAX_RECORDS;
    return { exists: Number(exists) === 1, more, records: records.map(toRecord) };
  }

  async #appendInSplitSlot(
    [log, lease, watch]: readonly string[],
    token: string,
    leaseMs: number,
    args: ScriptArgument[],
  ): Promise<StreamAppended> {
    const [holder, watched] = await Promise.all([this.client.get(lease!), this.client.exists(watch!)]);
    const isHeld = holder === `h${token}`;
    const state = `${isHeld ? 'h' : ''}${Number(watched) === 1 ? 'w' : ''}`;
    const appended = (await APPEND.run(this.client, [log!], state, ...args)) as StreamAppended;
    if (isHeld && appended !== 'lost') await this.client.pexpire(lease!, leaseMs);
    return appended;
  }
}

function toRecord([id, [letter, text]]: RecordReply): StreamReading['records'][number] {
  return { number: Number.parseInt(id, 10), kind: KINDS[letter]!, text };
}
