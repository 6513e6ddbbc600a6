import { Script } from 'nestjs-redis-connection';

/**
 * Gauges and counters of the queue.
 *
 * KEYS: wait, prioritized, active, capacity, workers, tallies. ARGV: start of task keys.
 * Answers pending, running, capacity, workers alive, timestamp of the oldest that waits (0: none), the server's
 * time, its eviction policy, then the tallies as names and values.
 *
 * Of each priority the front is the oldest; BullMQ's scores hold the priority in their upper half.
 */
export const readStats = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = 0
local function consider(id)
  local timestamp = id and tonumber(redis.call('HGET', ARGV[1] .. id, 'timestamp') or 0) or 0
  if timestamp > 0 and (oldest == 0 or timestamp < oldest) then
    oldest = timestamp
  end
end
consider(redis.call('LINDEX', KEYS[1], -1))
local from, fronts = '-inf', 0
while fronts < 32 do
  local front = redis.call('ZRANGEBYSCORE', KEYS[2], from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  if not front[1] then
    break
  end
  consider(front[1])
  from = string.format('%.0f', (math.floor(front[2] / 4294967296) + 1) * 4294967296)
  fronts = fronts + 1
end
local policy = string.match(redis.call('INFO', 'memory'), 'maxmemory_policy:([%w-]+)') or ''
return {
  redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]),
  redis.call('LLEN', KEYS[3]),
  tonumber(redis.call('GET', KEYS[4]) or 0),
  redis.call('ZCOUNT', KEYS[5], now, '+inf'),
  oldest,
  now,
  policy,
  redis.call('HGETALL', KEYS[6]),
}
`);
