import { Script } from '../connection/script.js';

/**
 * Takes a task that was just added back out of the queue when more wait than may. In one script with the
 * count, so that however many processes submit at once, exactly so many get through.
 *
 * KEYS: task, wait, prioritized, active, capacity, tallies, events. ARGV: id, most that may wait, start of
 * deduplication keys.
 * Answers nothing when the task stays, else how many wait, the mean service time and the capacity.
 */
export const admit = new Script(`
local waiting = redis.call('LLEN', KEYS[2]) + redis.call('ZCARD', KEYS[3])
local capacity = tonumber(redis.call('GET', KEYS[5]) or 0)
if waiting + redis.call('LLEN', KEYS[4]) <= capacity + tonumber(ARGV[2]) then
  return false
end
if redis.call('LREM', KEYS[2], 1, ARGV[1]) + redis.call('ZREM', KEYS[3], ARGV[1]) == 0 then
  return false
end
local key = redis.call('HGET', KEYS[1], 'deid')
if key and redis.call('GET', ARGV[3] .. key) == ARGV[1] then
  redis.call('DEL', ARGV[3] .. key)
end
redis.call('DEL', KEYS[1])
redis.call('XADD', KEYS[7], '*', 'event', 'removed', 'jobId', ARGV[1])
redis.call('HINCRBY', KEYS[6], 'rejected', 1)
return { waiting - 1, redis.call('HGET', KEYS[6], 'meanMs') or '', capacity }
`);
