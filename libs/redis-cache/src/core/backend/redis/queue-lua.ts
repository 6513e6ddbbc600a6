import { MAX_LEASE_MS } from '../queue-store.js';

/*
 * KEYS[1] is the queue, a stream with one group; KEYS[2] its dead letters, a stream without a group; KEYS[3] how many
 * bytes it holds. All are in one slot; while that migrates in a Cluster, a script gets only the queue, because several
 * keys would fail. The group's consumers stand for states, not for processes:
 *   leased:<ms>  Reserved for <ms> milliseconds; the lease has expired once the entry has been idle that long. For
 *                usual lease lengths: a plain XREADGROUP creates such a reservation, without a script.
 *   leased       Reserved or extended for any other time, or released with a delay. The idle time is set so that it
 *                reaches MAX_LEASE_MS when the lease ends, because XPENDING can filter by a minimum idle time, and by
 *                nothing else about time.
 *   returned     Released, and available now.
 * Entries that the group has not read yet are new. The delivery count of an entry is
 *   releases * EPOCH + deliveries that count
 * so that it differs for each delivery, which makes it the fencing part of the delivery's id: "<entry>:<count>", or
 * "<entry>" where the count is 1. The consumers `leased:<ms>` hold only first deliveries: entries that are delivered
 * again, extended or released move to another consumer for good.
 *
 * The Lua text, including its comments, decides the scripts' SHA: processes of several versions share them only as
 * long as it stays the same.
 */
export const FIELD = 'request';
/** Field of the requests whose bytes are not counted, after `FIELD`. */
export const UNCOUNTED = 'uncounted';
export const GROUP = 'requests';
export const LEASED = 'leased';
export const RETURNED = 'returned';
export const EPOCH = 65_536;
/** For fewer entries XDEL costs no more than the check whether XTRIM can remove them all at once. */
const WORTH_CUTTING = 16;
/** With more requests reserved than this, a scan for expired leases with every call would cost too much. */
const ALWAYS_SCANNED = 256;

export const PENDING = `
  -- Consumers that stand for leases: {name, for how long what it has is idle when its lease ends}
  local holders
  -- Whether all that is pending is with its first holder, as it was handed out.
  local all_first
  -- How many are pending, leased and returned. The group is made with the first request; a stream of another
  -- program has none.
  local function pending()
    holders, all_first = {}, true
    local summary = redis.pcall('XPENDING', KEYS[1], '${GROUP}')
    if summary.err then
      if string.sub(summary.err, 1, 7) ~= 'NOGROUP' then error(summary) end
      if redis.call('EXISTS', KEYS[1]) == 0 then return nil end
      redis.call('XGROUP', 'CREATE', KEYS[1], '${GROUP}', '0')
      return 0, 0, 0
    end
    local returned = 0
    for _, consumer in ipairs(summary[4] or {}) do
      local lease = string.match(consumer[1], '^${LEASED}:(%d+)$')
      all_first = all_first and lease
      if consumer[1] == '${RETURNED}' then
        returned = tonumber(consumer[2])
      else
        holders[#holders + 1] = {consumer[1], lease or ${MAX_LEASE_MS}}
      end
    end
    return summary[1], summary[1] - returned, returned
  end
  local function earlier(one, other)
    local ms, number = string.match(one[1], '(%d+)-(%d+)')
    local other_ms, other_number = string.match(other[1], '(%d+)-(%d+)')
    if ms ~= other_ms then return tonumber(ms) < tonumber(other_ms) end
    return tonumber(number) < tonumber(other_number)
  end
  local function expired_of(holder, limit, from)
    return redis.call('XPENDING', KEYS[1], '${GROUP}', 'IDLE', holder[2], from, '+', limit, holder[1])
  end
  -- The oldest whose leases are over, whatever the lengths of these.
  local function expired(limit, from)
    if #holders == 1 then return expired_of(holders[1], limit, from) end
    local all = {}
    for _, holder in ipairs(holders) do
      for _, entry in ipairs(expired_of(holder, limit, from)) do all[#all + 1] = entry end
    end
    table.sort(all, earlier)
    for at = #all, limit + 1, -1 do all[at] = nil end
    return all
  end
  local function given_back(limit, from)
    return redis.call('XPENDING', KEYS[1], '${GROUP}', from, '+', limit, '${RETURNED}')
  end
  local function worth_a_scan(leased, due)
    return leased > 0 and (leased <= ${ALWAYS_SCANNED} or due)
  end
  -- Whether no lease is over, where all is with its first holder. Each got what it has in the order of the ids.
  local function all_in_time()
    for _, holder in ipairs(holders) do
      local first = redis.call('XPENDING', KEYS[1], '${GROUP}', '-', '+', 1, holder[1])[1]
      if first and first[3] >= tonumber(holder[2]) then return false end
    end
    return true
  end
  -- Whether all that can be had is new; as far as it is due to be looked for.
  local function nothing_back(due)
    local total, leased, returned = pending()
    if total == nil or returned > 0 then return false end
    if all_first then return all_in_time() end
    return not (worth_a_scan(leased, due) and #expired(1, '-') > 0)
  end
`;

export const TEXT = `
  -- The request in an entry; a foreign thing is an empty text, which is no request.
  local function text_of(entry)
    for i = 1, #entry[2], 2 do
      if entry[2][i] == '${FIELD}' then return entry[2][i + 1] end
    end
    return ''
  end
`;

/*
 * KEYS[3] holds the bytes of the requests, waiting and reserved ones, except those with the field UNCOUNTED, which were
 * added while the slot migrated. A marker for these, and none for the others, keeps the usual replies short. Until the queue
 * is empty, the count is too low after requests that an older version added, which are counted off all the same, and too
 * high after requests that it, or a script without this key, removed. It never falls below 0.
 */
export const BYTES = `
  local function count_off(bytes)
    if bytes == 0 or not KEYS[3] then return end
    if redis.call('INCRBY', KEYS[3], -bytes) < 0 then redis.call('SET', KEYS[3], 0) end
  end
  -- The bytes of an entry, unless it does not count.
  local function bytes_of(entry)
    if entry[2][3] ~= '${UNCOUNTED}' then return #text_of(entry) end
  end
`;

export const ADD = `
  local function add_entry(text)
    if KEYS[3] then return redis.call('XADD', KEYS[1], '*', '${FIELD}', text) end
    redis.call('XADD', KEYS[1], '*', '${FIELD}', text, '${UNCOUNTED}', '1')
  end
  -- The bytes in a queue with so many entries.
  local function counted(entries)
    local bytes = entries > 0 and KEYS[3] and redis.call('GET', KEYS[3])
    return math.max(0, tonumber(bytes or 0))
  end
`;

export const REMOVE = `
  -- Takes entries out whose deliveries were acknowledged, while so many others are pending.
  local function remove_acknowledged(ids, others)
    local last = ids[#ids]
    local function first_pending()
      return others > 0 and redis.call('XPENDING', KEYS[1], '${GROUP}', '-', last, 1)[1]
    end
    -- What was read and is not pending is gone already: with nothing pending up to the last, they are the head.
    if #ids >= ${WORTH_CUTTING} and not first_pending()
      and redis.call('XTRIM', KEYS[1], 'MINID', '=', last) == #ids - 1 then
      redis.call('XDEL', KEYS[1], last)
    else
      redis.call('XDEL', KEYS[1], unpack(ids))
    end
  end
`;

export const BURY = `
  local function remove(id)
    redis.call('XACK', KEYS[1], '${GROUP}', id)
    redis.call('XDEL', KEYS[1], id)
  end
  local function bury(id, deliveries, max_dead, reason)
    -- The slot migrates: the caller moves it, or it stays reserved and is buried when it comes back.
    if not KEYS[2] then return false end
    local found = redis.call('XRANGE', KEYS[1], id, id)[1]
    if found then
      redis.call('XADD', KEYS[2], 'MAXLEN', max_dead, '*', '${FIELD}', text_of(found),
        'deliveries', deliveries, 'queued', id, 'reason', reason)
      count_off(bytes_of(found) or 0)
    end
    remove(id)
    return true
  end
`;

export const GROUP_FACTS = `
  local function last_delivered()
    for _, group in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
      local facts = {}
      for i = 1, #group, 2 do facts[group[i]] = group[i + 1] end
      if facts.name == '${GROUP}' then return facts['last-delivered-id'] end
    end
  end
`;

export const HELD = `
  -- Delivery counts by the ids of entries, as far as was looked.
  local counts = {}
  -- Looks at once at all that lie between two: those of a batch mostly do.
  local function look(first, last, count)
    local found = redis.pcall('XPENDING', KEYS[1], '${GROUP}', first, last, count)
    if found.err then return end
    for _, entry in ipairs(found) do counts[entry[1]] = entry[4] end
  end
  -- Entry and count of a delivery.
  local function parts_of(delivery)
    local colon = string.find(delivery, ':', 1, true)
    if not colon then return delivery, 1 end
    return string.sub(delivery, 1, colon - 1), tonumber(string.sub(delivery, colon + 1))
  end
  -- The entry of a delivery that still stands.
  local function held(delivery)
    local id, count = parts_of(delivery)
    if not counts[id] then look(id, id, 1) end
    if count and counts[id] == count then return id end
  end
  -- Of the deliveries from an argument on: whether each still stands, as '1' or '0', and the entries of these; one
  -- that is to end stands once only.
  local function standing(from, ends)
    if #ARGV > from then look((parts_of(ARGV[from])), (parts_of(ARGV[#ARGV])), #ARGV - from + 1) end
    local flags, ids = {}, {}
    for at = from, #ARGV do
      local id = held(ARGV[at])
      if id then ids[#ids + 1] = id end
      if id and ends then counts[id] = 0 end
      flags[#flags + 1] = id and '1' or '0'
    end
    return flags, ids
  end
`;

export const COMING_BACK = `
  local count, max, max_dead = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
  -- What has come back and may be handed out again: {id, delivery count}; what may not is buried.
  local function coming_back()
    local total, leased, returned = pending()
    if total == nil then return nil end
    local result = {}
    -- Those that are buried make room for more.
    local function add_from(source)
      local from, found = '-', nil
      repeat
        local wanted = count - #result
        if wanted == 0 then return end
        found = source(wanted, from)
        for _, entry in ipairs(found) do
          from = '(' .. entry[1]
          if entry[4] % ${EPOCH} < max then
            result[#result + 1] = {entry[1], entry[4]}
          else
            bury(entry[1], entry[4] % ${EPOCH}, max_dead, 'not acknowledged within its lease')
          end
        end
      until #found < wanted
    end
    if returned > 0 then add_from(given_back) end
    if worth_a_scan(leased, ARGV[4] == '1') then add_from(expired) end
    return result
  end
`;

export const WAITING = `
  local function waiting()
    local total = redis.call('XLEN', KEYS[1])
    if total == 0 then return 0, 0, {} end
    local taken, leased, returned = pending()
    local over = leased > 0 and expired(leased, '-') or {}
    return total - taken + returned + #over, leased - #over, over, returned > 0
  end
`;
