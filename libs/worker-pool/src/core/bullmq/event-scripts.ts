import { Script } from 'nestjs-redis-connection';

/**
 * The log of a task's events is one string, which only grows while a run continues: a first line that names the run
 * (how often the task was started, a colon, the token of the worker's claim), one line of JSON for each event, and a
 * mark at the end.
 */

/** Last line of the log of a run that has ended with a result. */
export const END_MARK = '.';
/** Last line of the log of a run whose events exceed the limit. */
export const TOO_LARGE_MARK = '>';

/** Longest first line that readers look for, in bytes. */
const MAX_HEADER = 256;

/**
 * Appends to the logs of tasks. Only the worker that holds the claim to a task may append: one that was frozen past its
 * lock, or whose task was stopped, appends nothing. A log of an earlier run is removed first. Idempotent: a chunk is
 * appended only where it belongs, at its offset.
 *
 * KEYS: for each task: task, log. ARGV: for each task: run, offset of the chunk, chunk (may be empty), time to live of
 * the log in ms. Returns for each the length of its log, or -1 when the run may not append.
 */
export const appendEvents = new Script(`
local lengths = {}
for index = 1, #KEYS / 2 do
  local key, log = KEYS[index * 2 - 1], KEYS[index * 2]
  local run, offset, chunk, ttl = unpack(ARGV, index * 4 - 3, index * 4)
  local task = redis.call('HMGET', key, 'ats', 'pool:stop')
  local token = redis.call('GET', key .. ':lock')
  local length = -1
  if token and not task[2] and (task[1] or '') .. ':' .. token == run then
    if redis.call('GETRANGE', log, 0, #run) ~= run .. '\\n' then
      redis.call('DEL', log)
    end
    length = redis.call('STRLEN', log)
    if length == tonumber(offset) and #chunk > 0 then
      length = redis.call('APPEND', log, chunk)
      redis.pcall('PUBLISH', log, length)
    end
    redis.call('PEXPIRE', log, ttl)
  end
  lengths[index] = length
end
return lengths
`);

/**
 * Reads the logs of tasks.
 *
 * KEYS: for each task: task, log. ARGV: maximum bytes for each task, then for each task: the run that is read (empty:
 * any), offset.
 * Returns for each: the run that holds the claim now (empty: none), the run of the log (empty: no log), whether the task
 * is over (stopped, ended or gone) with the run that is read (with that of the log, if any run is) as its last one, the
 * length of the log, the bytes at the offset if the log is of the run that is read.
 */
export const readEvents = new Script(`
local found = {}
for index = 1, #KEYS / 2 do
  local key, log = KEYS[index * 2 - 1], KEYS[index * 2]
  local run, offset = ARGV[index * 2], tonumber(ARGV[index * 2 + 1])
  local task = redis.call('HMGET', key, 'timestamp', 'ats', 'finishedOn', 'pool:stop')
  local token = redis.call('GET', key .. ':lock')
  local holder = token and (task[2] or '') .. ':' .. token or ''
  local written = string.match(redis.call('GETRANGE', log, 0, ${MAX_HEADER}), '^([^\\n]*)\\n') or ''
  local chunk = ''
  if run == '' or run == written then
    chunk = redis.call('GETRANGE', log, offset, offset + ARGV[1] - 1)
  end
  local last = (task[2] or '') .. ':'
  local isFinal = not task[1] or (task[3] or task[4]) and string.sub(run == '' and written or run, 1, #last) == last
  found[index] = { holder, written, isFinal and 1 or 0, redis.call('STRLEN', log), chunk }
end
return found
`);
