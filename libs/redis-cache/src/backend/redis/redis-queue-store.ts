import type { RedisClient } from '../../connection/create-client.js';
import type { QueueStore } from '../backend.js';
import type { KeySpace } from './key-space.js';
import { Script } from './script.js';

/** Field of a stream entry that holds the request. */
const FIELD = 'request';
const GROUP = 'requests';
const CONSUMER = 'dequeue';

const PUSH = new Script(`
  if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
  redis.call('XADD', KEYS[1], '*', '${FIELD}', ARGV[1])
  return 1
`);

// The group is made at the first read, so that a queue that nobody read needs none. An entry without
// our field is a foreign thing: answered as an empty text, which is no request.
const SHIFT = new Script(`
  local function read()
    return redis.pcall('XREADGROUP', 'GROUP', '${GROUP}', '${CONSUMER}', 'COUNT', 1, 'STREAMS', KEYS[1], '>')
  end
  local reply = read()
  if reply and reply.err then
    if string.sub(reply.err, 1, 7) ~= 'NOGROUP' then return reply end
    if redis.call('EXISTS', KEYS[1]) == 0 then return false end
    redis.call('XGROUP', 'CREATE', KEYS[1], '${GROUP}', '0')
    reply = read()
  end
  if not reply then return false end
  local entry = reply[1][2][1]
  redis.call('XACK', KEYS[1], '${GROUP}', entry[1])
  redis.call('XDEL', KEYS[1], entry[1])
  for i = 1, #entry[2], 2 do
    if entry[2][i] == '${FIELD}' then return entry[2][i + 1] end
  end
  return ''
`);

const LENGTH = new Script(`
  local total = redis.call('XLEN', KEYS[1])
  if total == 0 then return 0 end
  local pending = redis.pcall('XPENDING', KEYS[1], '${GROUP}')
  if pending.err then return total end
  return total - pending[1]
`);

/** Queues in Redis: a Stream each, with one consumer group. */
export class RedisQueueStore implements QueueStore {
  constructor(
    private readonly client: RedisClient,
    private readonly keys: KeySpace,
  ) {}

  async push(queue: string, request: string, maxLength: number): Promise<boolean> {
    const pushed = await PUSH.run(this.client, [this.keys.queue(queue)], request, maxLength);
    // A client of the user may answer numbers as texts (`stringNumbers`).
    return Number(pushed) === 1;
  }

  shift(queue: string): Promise<string | null> {
    return SHIFT.run(this.client, [this.keys.queue(queue)]) as Promise<string | null>;
  }

  async length(queue: string): Promise<number> {
    return Number(await LENGTH.run(this.client, [this.keys.queue(queue)]));
  }

  clear(queue: string): Promise<unknown> {
    return this.client.unlink(this.keys.queue(queue));
  }
}
