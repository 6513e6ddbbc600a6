import { Script } from 'nestjs-redis-connection';

/**
 * A worker's sign of life, with what it has done since the last. Keeps the queue's settings in Redis too, so that
 * they are there again should Redis have lost them.
 *
 * KEYS: workers, worker facts, capacity, tallies, meta. ARGV: worker id, how long it counts as alive in ms (0: it
 * leaves), concurrency, workers held by tasks that have ended, completed, failed, timed out, number and sum of
 * service times in ms, global concurrency (empty: as it is, 0: none), length of the event stream.
 */
export const beat = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local alive = tonumber(ARGV[2])
if alive > 0 then
  redis.call('ZADD', KEYS[1], now + alive, ARGV[1])
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3] .. ':' .. ARGV[4])
else
  redis.call('ZADD', KEYS[1], 0, ARGV[1])
end
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now)) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('HDEL', KEYS[2], gone)
end
if ARGV[10] == '0' then
  redis.call('HDEL', KEYS[5], 'concurrency')
elseif ARGV[10] ~= '' then
  redis.call('HSET', KEYS[5], 'concurrency', ARGV[10])
end
redis.call('HSET', KEYS[5], 'opts.maxLenEvents', ARGV[11])
local capacity, lingering = 0, 0
for _, facts in ipairs(redis.call('HVALS', KEYS[2])) do
  local colon = string.find(facts, ':')
  capacity = capacity + tonumber(string.sub(facts, 1, colon - 1))
  lingering = lingering + tonumber(string.sub(facts, colon + 1))
end
local limit = redis.call('HGET', KEYS[5], 'concurrency')
if limit then
  capacity = math.min(capacity, tonumber(limit))
end
redis.call('SET', KEYS[3], capacity, 'PX', math.max(alive, 1000))
redis.call('HSET', KEYS[4], 'lingering', lingering)
for index, name in ipairs({ 'completed', 'failed', 'timedOut' }) do
  local count = tonumber(ARGV[4 + index])
  if count > 0 then
    redis.call('HINCRBY', KEYS[4], name, count)
  end
end
local ended = tonumber(ARGV[8])
if ended > 0 then
  local recent = ARGV[9] / ended
  local mean = tonumber(redis.call('HGET', KEYS[4], 'meanMs') or recent)
  redis.call('HSET', KEYS[4], 'meanMs', tostring(mean + (1 - 0.8 ^ ended) * (recent - mean)))
end
return 1
`);
