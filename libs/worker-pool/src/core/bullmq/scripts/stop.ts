import { Script } from 'nestjs-redis-connection';

/**
 * Ends a task from outside of its run: its result is written and told at once. What still waits leaves the queue;
 * the worker that runs it hears of it, and finds it noted should it not hear.
 *
 * With `leaving`, the id of who leaves, only if nobody else is interested: whoever made the task by `run` has the
 * task's own id, those who joined are counted in `pool:waiters`. Nobody leaves twice: the reply may have been lost,
 * and the question be asked again.
 *
 * KEYS: task, wait, prioritized, completed, events, tallies. ARGV: id, start of deduplication keys, tally, result
 * as JSON, now, leaving (empty: by order), nudge channel, length of the event stream.
 * Answers 0 when there is nothing to stop, 1 when the task waited, 2 when it runs.
 */
export const stop = new Script(`
local task = redis.call('HMGET', KEYS[1], 'name', 'finishedOn', 'pool:stop', 'pool:kept', 'deid')
if not task[1] or task[2] or task[3] then
  return 0
end
if ARGV[6] ~= '' then
  if ARGV[6] == ARGV[1] then
    redis.call('HSET', KEYS[1], 'pool:makerLeft', 1)
  elseif redis.call('HDEL', KEYS[1], 'pool:waiter:' .. ARGV[6]) == 1 then
    redis.call('HINCRBY', KEYS[1], 'pool:waiters', -1)
  end
  local interest = redis.call('HMGET', KEYS[1], 'pool:waiters', 'pool:makerLeft')
  if task[1] == 'submit' or task[4] or not interest[2] or tonumber(interest[1] or 0) > 0 then
    return 0
  end
end
redis.call('HSET', KEYS[1], 'pool:stop', ARGV[4], 'pool:stoppedOn', ARGV[5])
if task[5] and redis.call('GET', ARGV[2] .. task[5]) == ARGV[1] then
  redis.call('DEL', ARGV[2] .. task[5])
end
local waited = redis.call('LREM', KEYS[2], 1, ARGV[1]) + redis.call('ZREM', KEYS[3], ARGV[1]) > 0
if waited then
  redis.call('HSET', KEYS[1], 'finishedOn', ARGV[5])
  redis.call('ZADD', KEYS[4], ARGV[5], ARGV[1])
else
  redis.call('PUBLISH', ARGV[7], ARGV[1])
end
redis.call('HINCRBY', KEYS[6], ARGV[3], 1)
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[8], '*', 'event', 'stopped', 'jobId', ARGV[1], 'result', ARGV[4])
return waited and 1 or 2
`);
