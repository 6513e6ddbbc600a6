import { Script } from 'nestjs-redis-connection';

/**
 * Takes tasks that were just added back out of the queue when more wait than may, the latest first. In one script
 * with the count, so that however many processes submit at once, exactly so many get through.
 *
 * KEYS: wait, prioritized, active, capacity, tallies, events, tasks. ARGV: most that may wait, start of
 * deduplication keys, ids of the tasks.
 * Answers nothing when all stay, else how many wait, the mean service time, the capacity, and which of the ids
 * were taken out, counted from 0.
 */
export const admit = new Script(`
local waiting = redis.call('LLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2])
local capacity = tonumber(redis.call('GET', KEYS[4]) or 0)
local excess = waiting + redis.call('LLEN', KEYS[3]) - capacity - tonumber(ARGV[1])
if excess <= 0 then
  return false
end
local refused = {}
for index = #ARGV, 3, -1 do
  local id, task = ARGV[index], KEYS[index + 4]
  if #refused < excess and redis.call('LREM', KEYS[1], 1, id) + redis.call('ZREM', KEYS[2], id) > 0 then
    local key = redis.call('HGET', task, 'deid')
    if key and redis.call('GET', ARGV[2] .. key) == id then
      redis.call('DEL', ARGV[2] .. key)
    end
    redis.call('DEL', task)
    redis.call('XADD', KEYS[6], '*', 'event', 'removed', 'jobId', id)
    refused[#refused + 1] = index - 3
  end
end
if #refused == 0 then
  return false
end
redis.call('HINCRBY', KEYS[5], 'rejected', #refused)
return { waiting - #refused, redis.call('HGET', KEYS[5], 'meanMs') or '', capacity, refused }
`);
