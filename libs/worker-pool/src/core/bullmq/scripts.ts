import { Script } from 'nestjs-redis-connection';

/**
 * Removes tasks that were just added when the backlog is too long, the latest first. Counts and removes in one script,
 * so that the limit is exact however many processes submit at once.
 *
 * KEYS: wait, prioritized, active, capacity, counters, events, tasks. ARGV: maximum backlog, prefix of deduplication
 * keys, ids of the tasks.
 * Returns nil when all tasks stay; otherwise the backlog, the mean service time, the capacity and the 0-based indices
 * of the removed tasks.
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

/**
 * Adds an interest to an existing task. Idempotent for each id. A stream also sets the task's flag `isStreamed`, which
 * its worker reads when it starts a run; the JSON of the data is not decoded, which would change it.
 *
 * KEYS: task. ARGV: `run` or `submit`, id of the interest, 1 for a stream.
 * Returns 0 when the task no longer exists or was stopped.
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
  local data = ARGV[3] == '1' and redis.call('HGET', KEYS[1], 'data')
  if data and string.sub(data, 1, 14) ~= '{"isStreamed":' then
    redis.call('HSET', KEYS[1], 'data', '{"isStreamed":true,' .. string.sub(data, 2))
  end
end
return 1
`);

/**
 * Ends a task from outside its run: stores the result and publishes it. A waiting task leaves the queue; the worker of
 * a running task is notified, and also finds the stored result at its next check.
 *
 * With an interest that leaves, the task is stopped only if no other interest remains: the `run` that created the task
 * has the task's own id, and those that joined are counted in `pool:waiters`. An interest leaves only once, even if
 * the script is repeated after a lost reply.
 *
 * KEYS: task, wait, prioritized, completed, events, counters. ARGV: id, prefix of deduplication keys, counter, result
 * as JSON, now, id of the leaving interest (empty: stop unconditionally), channel of stops, length of the event
 * stream.
 * Returns 0 when there is nothing to stop, 1 when the task was waiting, 2 when it is running.
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
  redis.pcall('PUBLISH', ARGV[7], ARGV[1])
end
redis.call('HINCRBY', KEYS[6], ARGV[3], 1)
redis.call('XADD', KEYS[5], 'MAXLEN', '~', ARGV[8], '*', 'event', 'stopped', 'jobId', ARGV[1], 'result', ARGV[4])
return waited and 1 or 2
`);

/**
 * Reads tasks.
 *
 * KEYS: tasks. Returns for each: timestamp, processedOn, finishedOn, returnvalue, failedReason, stop, stoppedOn, how
 * often its worker died, whether a worker has claimed it.
 */
export const readTasks = new Script(`
local found = {}
for index, key in ipairs(KEYS) do
  local task = redis.pcall('HMGET', key, 'timestamp', 'processedOn', 'finishedOn', 'returnvalue', 'failedReason',
    'pool:stop', 'pool:stoppedOn', 'stc')
  -- Not a hash: the record was overwritten. Read as a task that has failed.
  if task.err then
    local now = redis.call('TIME')[1] .. '000'
    task = { now, false, now, false, 'damaged', false, false, false }
  end
  task[9] = redis.call('EXISTS', key .. ':lock')
  found[index] = task
end
return found
`);

/**
 * Checks whether a worker may continue its tasks.
 *
 * KEYS: tasks. ARGV: the token of each claim. Returns for each: an empty string, `stopped` or `lost`.
 */
export const checkClaims = new Script(`
local verdicts = {}
for index, key in ipairs(KEYS) do
  if redis.call('HEXISTS', key, 'pool:stop') == 1 then
    verdicts[index] = 'stopped'
  elseif redis.call('GET', key .. ':lock') ~= ARGV[index] then
    verdicts[index] = 'lost'
  else
    verdicts[index] = ''
  end
end
return verdicts
`);

/**
 * A worker's heartbeat, with its counts since the last one. Also writes the queue's settings, which restores them
 * after Redis has lost its data.
 *
 * KEYS: workers, worker facts, capacity, counters, meta. ARGV: worker id, how long it counts as alive in ms (0: it
 * leaves), concurrency, number of lingering tasks, completed, failed, timed out, number and sum of service times in
 * ms, global concurrency (empty: unchanged, 0: none), length of the event stream.
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

/**
 * Reads gauges and counters of the queue.
 *
 * KEYS: wait, prioritized, active, capacity, workers, counters. ARGV: prefix of task keys.
 * Returns pending, running, capacity, living workers, timestamp of the oldest waiting task (0: none), the server's
 * time, its eviction policy, then the counters as names and values.
 *
 * The front of each priority is its oldest task; BullMQ's scores contain the priority in their upper half.
 */
export const readStats = new Script(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local oldest = 0
local function consider(id)
  local found = id and redis.pcall('HGET', ARGV[1] .. id, 'timestamp')
  local timestamp = type(found) == 'string' and tonumber(found) or 0
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
-- A user without @dangerous may not run INFO.
local info = redis.pcall('INFO', 'memory')
local policy = type(info) == 'string' and string.match(info, 'maxmemory_policy:([%w-]+)') or ''
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
