import { isTooDeep, parseStored } from 'nestjs-redis-connection';

/** Room in a record for what the pool itself adds, such as the marks of a task or the error of a stopped one, in bytes. */
const OWN_BYTES = 64 * 1_024;

/** Returns the JSON of a value; `undefined` if it has none or is nested too deeply to be read again. */
export function recordJson(value: unknown): string | undefined {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined || isTooDeep(json) ? undefined : json;
  } catch {
    return undefined;
  }
}

/**
 * Returns the value of a record in Redis, which another program or other options may have written; `undefined` if it is
 * no JSON, nested too deeply, or larger than the limit.
 *
 * @param record JSON, or what BullMQ has parsed of it
 */
export function readRecord(record: unknown, maxBytes: number): unknown {
  const limit = maxBytes + OWN_BYTES;
  if (typeof record === 'string') {
    const stored = parseStored(record, limit);
    return 'value' in stored ? stored.value : undefined;
  }
  const json = recordJson(record);
  return json !== undefined && Buffer.byteLength(json) <= limit ? record : undefined;
}
