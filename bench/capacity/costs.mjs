/** What the engine and Redis send to each other. A test compares the sums with those of a real server. */

const PREFIX = 'redis-cache';
const CHANNEL = `${PREFIX}:events`.length;
const REPORTS = '__redis__:invalidate'.length;
/** The header of an entry. */
export const HEADER_BYTES = 26;
const SHA = 40;
const TOKEN = 36;
/** `e` and the origin of the process. */
const END_MARK = 9;
/** Renewals within the time of a lease: `RENEWALS_PER_LEASE` of lease.ts. */
export const RENEWALS_PER_LEASE = 3;

/** Bytes of a string in Redis' protocol. */
const bulk = (bytes) => `$${bytes}\r\n`.length + bytes + 2;
const array = (...sizes) => `*${sizes.length}\r\n`.length + sizes.reduce((sum, size) => sum + bulk(size), 0);
const digits = (number) => String(number).length;
const command = (name, ...sizes) => array(name.length, ...sizes);
const script = (keys, ...sizes) => command('evalsha', SHA, 1, ...keys, ...sizes);
const NULL = '$-1\r\n'.length;
const INTEGER = ':1\r\n'.length;
const HELD = array('held'.length, TOKEN);

/** The name of a key in the traffic of the simulation and of real processes. */
export const keyName = (key) => `key ${key}`;
const entryKey = (length) => `${PREFIX}:cache:{}`.length + length;

/**
 * Returns for each operation the bytes `toRedis` and `fromRedis`. Each is one command.
 *
 * @param {{ keyLength: number, valueBytes: number, leaseMs: number, ttlMs: number }} use `valueBytes`: the value as JSON
 */
function operationsOf({ keyLength, valueBytes, leaseMs, ttlMs }) {
  // The names of an entry and of its lease are equally long.
  const name = entryKey(keyLength);
  const entry = HEADER_BYTES + valueBytes;
  const get = command('get', name);
  const acquire = script([name, name], TOKEN, digits(leaseMs), 0, 1, 1);
  const peek = script([name, name], TOKEN, 0);
  const complete = script([name, name], TOKEN, entry, digits(ttlMs), CHANNEL, END_MARK + keyLength);
  return {
    hit: { toRedis: get, fromRedis: bulk(entry) },
    lookUp: { toRedis: get, fromRedis: NULL },
    acquire: { toRedis: acquire, fromRedis: array('acquired'.length) },
    attempt: { toRedis: acquire, fromRedis: HELD },
    poll: { toRedis: peek, fromRedis: HELD },
    take: { toRedis: peek, fromRedis: array('entry'.length, entry) },
    renew: { toRedis: script([name], TOKEN, digits(leaseMs)), fromRedis: INTEGER },
    complete: { toRedis: complete, fromRedis: INTEGER },
    delete: { toRedis: command('unlink', name, name), fromRedis: INTEGER },
  };
}

/** Returns the bytes of a message to one process: the end of a computation, and a report of the server. */
function messagesOf({ keyLength }) {
  const reported = `*1\r\n`.length + bulk(entryKey(keyLength));
  const report = '*3\r\n'.length + bulk('message'.length) + bulk(REPORTS) + reported;
  return { ended: array('message'.length, CHANNEL, END_MARK + keyLength), report };
}

/** Returns a function that looks up the costs for a key; keys of the same length share them. */
export function costsFor(use) {
  const byLength = [];
  return (key) => {
    const keyLength = keyName(key).length;
    byLength[keyLength] ??= { ...operationsOf({ ...use, keyLength }), ...messagesOf({ keyLength }) };
    return byLength[keyLength];
  };
}

/** Commands that a leader sends to keep its lease while a computation runs. */
export const renewalsOf = (factorySeconds, leaseMs) =>
  Math.floor((factorySeconds * 1_000 * RENEWALS_PER_LEASE) / leaseMs);
