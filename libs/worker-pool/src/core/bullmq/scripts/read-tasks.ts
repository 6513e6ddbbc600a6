import { Script } from 'nestjs-redis-connection';

/**
 * What is known of tasks.
 *
 * KEYS: tasks. Answers for each: timestamp, processedOn, finishedOn, returnvalue, failedReason, stop, stoppedOn,
 * how often its worker died, whether a worker holds it.
 */
export const readTasks = new Script(`
local found = {}
for index, key in ipairs(KEYS) do
  local task = redis.call('HMGET', key, 'timestamp', 'processedOn', 'finishedOn', 'returnvalue', 'failedReason',
    'pool:stop', 'pool:stoppedOn', 'stc')
  task[9] = redis.call('EXISTS', key .. ':lock')
  found[index] = task
end
return found
`);
