import { Script } from 'nestjs-redis-connection';

/**
 * Notes that one more is interested in a task that somebody else has made.
 *
 * KEYS: task. ARGV: `run` or `submit`, id of who joins. Once for each id, however often it is asked.
 * Answers 0 when the task is gone or was stopped in the meantime.
 */
export const join = new Script(`
local task = redis.call('HMGET', KEYS[1], 'timestamp', 'pool:stop', 'finishedOn')
if not task[1] or task[2] then
  return 0
end
if not task[3] then
  if ARGV[1] == 'submit' then
    redis.call('HSET', KEYS[1], 'pool:kept', 1)
  elseif redis.call('HSETNX', KEYS[1], 'pool:waiter:' .. ARGV[2], 1) == 1 then
    redis.call('HINCRBY', KEYS[1], 'pool:waiters', 1)
  end
end
return 1
`);
