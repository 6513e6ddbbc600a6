import { Script } from 'nestjs-redis-connection';
import {
  ADD,
  BURY,
  BYTES,
  COMING_BACK,
  EPOCH,
  FIELD,
  GROUP,
  GROUP_FACTS,
  HELD,
  LEASED,
  PENDING,
  REMOVE,
  RETURNED,
  TEXT,
  WAITING,
} from './queue-lua.js';

/**
 * `ARGV`: longest length, most bytes, channel, message (sent when no request waited), a string with 1 for each request
 * with which a call begins and 0 for each other, requests. Once a request of a call does not fit, no later one of that
 * call is queued. Returns '' when all were queued, otherwise a string with 1 for each that was and 0 for each other.
 */
export const PUSH = new Script(`
  ${PENDING} ${ADD}
  local room, max_bytes, offered = tonumber(ARGV[1]), tonumber(ARGV[2]), #ARGV - 5
  local total = redis.call('XLEN', KEYS[1])
  if total == 0 and redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('XGROUP', 'CREATE', KEYS[1], '${GROUP}', '0', 'MKSTREAM')
  end
  local taken, leased, returned = 0, 0, 0
  if total > 0 then taken, leased, returned = pending() end
  -- What has outlived its lease waits again; worth a look only where there could be too little room.
  local over = 0
  if leased > 0 and total + offered > room then over = #expired(leased, '-') end
  room = room - (total - taken + returned + over)
  -- Counts all that is offered, and corrects it at the end if that was wrong: one command in most cases.
  local bytes, assumed = 0, nil
  if total > 0 and KEYS[3] then
    local more = 0
    for i = 6, #ARGV do more = more + #ARGV[i] end
    assumed = redis.call('INCRBY', KEYS[3], more)
    bytes = math.max(0, assumed - more)
  end
  local flags, queued, refused = {}, 0, false
  for i = 1, offered do
    local text = ARGV[i + 5]
    -- The first of a call is queued if it fits, whatever became of the calls before.
    if refused and string.sub(ARGV[5], i, i) == '1' then refused = false end
    refused = refused or queued >= room or (KEYS[3] and bytes + #text > max_bytes)
    if not refused then
      add_entry(text)
      queued, bytes = queued + 1, bytes + #text
    end
    flags[i] = refused and '0' or '1'
  end
  if KEYS[3] and bytes ~= assumed then redis.call('SET', KEYS[3], string.format('%.0f', bytes)) end
  if queued > 0 and total == taken then redis.pcall('PUBLISH', ARGV[3], ARGV[4]) end
  return queued == offered and '' or table.concat(flags)
`);

/** `ARGV`: count, `maxDeliveries`, `maxDeadLetters`, `1` to scan for expired leases. Returns the requests. */
export const SHIFT = new Script(`
  ${PENDING} ${TEXT} ${BYTES} ${BURY} ${COMING_BACK}
  local texts, back = {}, coming_back()
  if not back then return texts end
  local bytes = 0
  local function add(entry)
    texts[#texts + 1] = text_of(entry)
    bytes = bytes + (bytes_of(entry) or 0)
  end
  for _, known in ipairs(back) do
    local entry = redis.call('XRANGE', KEYS[1], known[1], known[1])[1]
    remove(known[1])
    if entry then add(entry) end
  end
  local fresh = #texts < count and redis.call('XREADGROUP', 'GROUP', '${GROUP}', '${LEASED}',
    'COUNT', count - #texts, 'NOACK', 'STREAMS', KEYS[1], '>')
  if fresh then
    local ids = {}
    for i, entry in ipairs(fresh[1][2]) do
      ids[i] = entry[1]
      add(entry)
    end
    redis.call('XDEL', KEYS[1], unpack(ids))
  end
  count_off(bytes)
  return texts
`);

/** `ARGV`: `1` to scan for expired leases. Returns 1 when all available requests are new. */
export const LOOK = new Script(`
  ${PENDING}
  return nothing_back(ARGV[1] == '1') and 1 or 0
`);

/**
 * `ARGV`: as for SHIFT, then the idle time to set, and the consumer that receives new requests. Returns id, delivery
 * count, request and bytes of each, in one list; bytes that do not count are -1.
 */
export const RESERVE = new Script(`
  ${PENDING} ${TEXT} ${BYTES} ${BURY} ${COMING_BACK}
  local answer, back = {}, coming_back()
  if not back then return answer end
  local function add(id, deliveries, entry)
    local at = #answer
    answer[at + 1], answer[at + 2], answer[at + 3], answer[at + 4] = id, deliveries, text_of(entry), bytes_of(entry) or -1
  end
  for _, known in ipairs(back) do
    local entry = redis.call('XCLAIM', KEYS[1], '${GROUP}', '${LEASED}', 0, known[1],
      'IDLE', ARGV[5], 'RETRYCOUNT', known[2] + 1)[1]
    if entry then add(known[1], known[2] + 1, entry) end
  end
  local wanted = count - #answer / 4
  if wanted <= 0 then return answer end
  local fresh = redis.call('XREADGROUP', 'GROUP', '${GROUP}', ARGV[6], 'COUNT', wanted, 'STREAMS', KEYS[1], '>')
  if not fresh then return answer end
  local ids = {}
  for i, entry in ipairs(fresh[1][2]) do
    ids[i] = entry[1]
    add(entry[1], 1, entry)
  end
  if ARGV[6] == '${LEASED}' then
    ids[#ids + 1], ids[#ids + 2], ids[#ids + 3] = 'IDLE', ARGV[5], 'JUSTID'
    redis.call('XCLAIM', KEYS[1], '${GROUP}', '${LEASED}', 0, unpack(ids))
  end
  return answer
`);

/**
 * `ARGV`: deliveries, then the bytes of all that count, and those of each, separated by commas. Returns a string with 1
 * for each that was valid and 0 for each other, then '.' when no request has come back, as far as was scanned. When all
 * were valid it returns '', or '.' when certainly none has come back.
 */
export const ACKNOWLEDGE = new Script(`
  ${PENDING} ${REMOVE} ${TEXT} ${BYTES}
  local sizes = table.remove(ARGV)
  local bytes = tonumber(table.remove(ARGV))
  local total = pending()
  if not total then return string.rep('0', #ARGV) end
  -- Where all is with its first holder, every first delivery that is pending stands, and no other does.
  local done = all_first and redis.pcall('XACK', KEYS[1], '${GROUP}', unpack(ARGV))
  if done == #ARGV then
    remove_acknowledged(ARGV, total - done)
    count_off(bytes)
    return (done == total or all_in_time()) and '.' or ''
  end
  ${HELD} ${GROUP_FACTS}
  local flags = {}
  -- Not a number: refused as a whole, for a delivery with a count.
  if type(done) == 'number' then
    -- Which were they? Those that had been read and are still there: what was acknowledged before is gone.
    local last = {last_delivered()}
    for at, id in ipairs(ARGV) do
      local stood = not earlier(last, {id}) and redis.call('XDEL', KEYS[1], id) == 1
      flags[at] = stood and '1' or '0'
    end
  else
    local ids
    flags, ids = standing(1, true)
    if #ids > 0 then
      redis.call('XACK', KEYS[1], '${GROUP}', unpack(ids))
      remove_acknowledged(ids, total - #ids)
    end
  end
  local at, removed = 0, 0
  for size in string.gmatch(sizes, '%d+') do
    at = at + 1
    if flags[at] == '1' then removed = removed + tonumber(size) end
  end
  count_off(removed)
  return table.concat(flags) .. (nothing_back(false) and '.' or '')
`);

/** `ARGV`: the idle time to set, then deliveries. Returns a string with 1 for each valid one and 0 for each other. */
export const EXTEND = new Script(`
  ${HELD}
  local flags, ids = standing(2)
  if #ids > 0 then
    ids[#ids + 1], ids[#ids + 2], ids[#ids + 3] = 'IDLE', ARGV[1], 'JUSTID'
    redis.call('XCLAIM', KEYS[1], '${GROUP}', '${LEASED}', 0, unpack(ids))
  end
  return table.concat(flags)
`);

/**
 * `ARGV`: entry and delivery count; idle time to set ('' without a delay); `1` if the delivery counts; `1` to make it a
 * dead letter; `maxDeliveries`; `maxDeadLetters`; reason; channel and message.
 */
export const RELEASE = new Script(`
  ${TEXT} ${BYTES} ${BURY} ${HELD}
  local id, count = ARGV[1], tonumber(ARGV[2])
  if not held(id .. ':' .. ARGV[2]) then return 'lost' end
  local deliveries = count % ${EPOCH}
  if ARGV[5] == '1' or (ARGV[4] == '1' and deliveries >= tonumber(ARGV[6])) then
    return bury(id, deliveries, ARGV[7], ARGV[8]) and 'dead' or 'bury'
  end
  local after = count + ${EPOCH} - (ARGV[4] == '1' and 0 or 1)
  local consumer, idle = '${LEASED}', ARGV[3]
  if idle == '' then consumer, idle = '${RETURNED}', 0 end
  redis.call('XCLAIM', KEYS[1], '${GROUP}', consumer, 0, id, 'IDLE', idle, 'RETRYCOUNT', after, 'JUSTID')
  if ARGV[3] == '' then redis.pcall('PUBLISH', ARGV[9], ARGV[10]) end
  return 'released'
`);

export const LENGTH = new Script(`
  ${PENDING} ${WAITING}
  return (waiting())
`);

/**
 * Removes all requests and the count of their bytes. What is added later gets higher ids than what was delivered before,
 * also within the same millisecond or after the clock was set back, so that no delivery of before matches it.
 */
export const CLEAR = new Script(`
  ${GROUP_FACTS}
  local known, last = pcall(last_delivered)
  redis.call('UNLINK', unpack(KEYS))
  if not known or not last or last == '0-0' then return end
  -- While the slot migrates, a key that is gone cannot be created here: the next request creates it elsewhere.
  local created = redis.pcall('XGROUP', 'CREATE', KEYS[1], '${GROUP}', '0', 'MKSTREAM')
  if created.err then return end
  redis.call('XADD', KEYS[1], last, '${FIELD}', '')
  redis.call('XDEL', KEYS[1], last)
`);

/**
 * Returns how many wait, are reserved and are dead, the bytes of the requests that count, the server's time in ms, and the
 * ids that may be the oldest. -1 stands for what a script with one key does not know.
 */
export const CONTENTS = new Script(`
  ${PENDING} ${WAITING} ${GROUP_FACTS} ${ADD}
  local now = redis.call('TIME')
  local count, reserved, over, returned = waiting()
  local dead = KEYS[2] and redis.call('XLEN', KEYS[2]) or -1
  local bytes = KEYS[3] and counted(redis.call('XLEN', KEYS[1])) or -1
  local answer = {count, reserved, dead, bytes, now[1] * 1000 + math.floor(now[2] / 1000)}
  if over[1] then answer[#answer + 1] = over[1][1] end
  if returned then answer[#answer + 1] = given_back(1, '-')[1][1] end
  if count > 0 then
    local first = redis.call('XRANGE', KEYS[1], '(' .. last_delivered(), '+', 'COUNT', 1)[1]
    if first then answer[#answer + 1] = first[1] end
  end
  return answer
`);

/** `ARGV`: id of the dead letter, longest length, most bytes, channel, message. Returns 0: unknown, 1: replayed, 2: full. */
export const REPLAY = new Script(`
  ${PENDING} ${TEXT} ${ADD} ${WAITING}
  local dead = redis.call('XRANGE', KEYS[2], ARGV[1], ARGV[1])[1]
  if not dead then return 0 end
  local text = text_of(dead)
  local bytes = counted(redis.call('XLEN', KEYS[1])) + #text
  if waiting() >= tonumber(ARGV[2]) or bytes > tonumber(ARGV[3]) then return 2 end
  if redis.call('EXISTS', KEYS[1]) == 0 then
    redis.call('XGROUP', 'CREATE', KEYS[1], '${GROUP}', '0', 'MKSTREAM')
  end
  add_entry(text)
  redis.call('SET', KEYS[3], string.format('%.0f', bytes))
  redis.call('XDEL', KEYS[2], ARGV[1])
  redis.pcall('PUBLISH', ARGV[4], ARGV[5])
  return 1
`);
