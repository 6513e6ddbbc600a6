import { isAscii, isUtf8 } from 'node:buffer';

/**
 * Layout of an entry in Redis: a header of fixed width, then metadata, then the value as JSON.
 *
 * | bytes | field |
 * |---|---|
 * | 0 | format version, 1: no JSON text can begin with it |
 * | 1 | flags: 1 = the value is compressed (zlib), 2 = it is a failure (see `negativeTtlSeconds`), 4 = what follows the header is encrypted (see `EntrySealer`) |
 * | 2–7 | created at, epoch milliseconds |
 * | 8–13 | expires at, epoch milliseconds |
 * | 14–17 | what computing the value took, milliseconds |
 * | 18–21 | length of the metadata |
 * | 22–25 | length of the value |
 * | 26… | metadata (JSON: the tags and their versions; may be empty), value (JSON) |
 *
 * All integers are unsigned and big-endian. The lengths make a truncated entry recognisable even
 * where what is left of the JSON would still parse.
 */
const VERSION = 1;
/** Length of the header, which tells an entry from any other under the same key. */
export const HEADER_BYTES = 26;
const CREATED_AT = 2;
const EXPIRES_AT = 8;
const DURATION = 14;
const METADATA_LENGTH = 18;
const VALUE_LENGTH = 22;
const TIME_BYTES = 6;
/** Far above what the largest number of the longest tags takes. */
export const MAX_METADATA_BYTES = 64 * 1024;
/** Far above what a failure takes, whose text is shortened. */
export const MAX_FAILURE_BYTES = 64 * 1024;
/** What encryption adds: the id of the key, a nonce and a tag. */
const MAX_SEAL_BYTES = 1_024;
const MAX_UINT32 = 0xffff_ffff;
const COMPRESSED_FLAG = 1;
const FAILURE_FLAG = 2;
const SEALED_FLAG = 4;
const KNOWN_FLAGS = COMPRESSED_FLAG | FAILURE_FLAG;

/** The times that are stored with a value. */
export interface EntryTimes {
  /** Epoch milliseconds. */
  createdAt: number;
  /** Epoch milliseconds. */
  expiresAt: number;
  /** How long computing the value took, in milliseconds; 0 when unknown. */
  durationMs: number;
}

/** Versions of an entry's tags from before its value was computed. */
export type TagVersions = Readonly<Record<string, string>>;

/** What else is stored with a value. */
export interface EntryMarks {
  tags?: TagVersions;
  /** The value is a failure, stored so that it is not repeated at once. */
  failure?: boolean;
  /** The value's bytes are compressed. */
  compressed?: boolean;
}

/** An entry whose value has not been parsed. `times` is `null` for plain JSON that another program wrote. */
export interface OpenedEntry extends EntryMarks {
  /** The value as JSON, or compressed. Shares memory with the bytes that were read. */
  body: Buffer;
  times: EntryTimes | null;
}

/** An entry with its parsed value. */
export interface DecodedEntry extends Omit<EntryMarks, 'compressed'> {
  value: unknown;
  times: EntryTimes | null;
}

/** Encodes an entry from a value's JSON, or from its compressed bytes. */
export function encodeEntry(body: string | Buffer, times: EntryTimes, marks: EntryMarks = {}): Buffer {
  const metadata = marks.tags === undefined ? '' : JSON.stringify(marks.tags);
  const bodyStart = HEADER_BYTES + Buffer.byteLength(metadata);
  const bodyLength = Buffer.byteLength(body);
  const entry = Buffer.allocUnsafe(bodyStart + bodyLength);
  entry[0] = VERSION;
  entry[1] = (marks.compressed ? COMPRESSED_FLAG : 0) | (marks.failure ? FAILURE_FLAG : 0);
  entry.writeUIntBE(times.createdAt, CREATED_AT, TIME_BYTES);
  entry.writeUIntBE(times.expiresAt, EXPIRES_AT, TIME_BYTES);
  entry.writeUInt32BE(Math.min(Math.round(times.durationMs), MAX_UINT32), DURATION);
  entry.writeUInt32BE(bodyStart - HEADER_BYTES, METADATA_LENGTH);
  entry.writeUInt32BE(bodyLength, VALUE_LENGTH);
  if (metadata !== '') entry.write(metadata, HEADER_BYTES);
  if (typeof body === 'string') entry.write(body, bodyStart);
  else body.copy(entry, bodyStart);
  return entry;
}

/** Size in Redis that no entry exceeds whose value takes up to `maxValueBytes` as JSON. */
export function maxEntryBytes(maxValueBytes: number): number {
  const bodyBytes = Math.max(maxValueBytes, MAX_FAILURE_BYTES);
  return HEADER_BYTES + MAX_METADATA_BYTES + bodyBytes + MAX_SEAL_BYTES;
}

/** Whether the bytes are an entry whose metadata and value are encrypted. */
export function hasSealedBody(bytes: Buffer): boolean {
  if (bytes.length < HEADER_BYTES || bytes[0] !== VERSION) return false;
  return (bytes[1]! & ~KNOWN_FLAGS) === SEALED_FLAG;
}

/** Returns a copy of the header that says whether what follows is encrypted. */
export function withSealedMark(header: Buffer, sealed: boolean): Buffer {
  const copy = Buffer.from(header);
  copy[1] = sealed ? copy[1]! | SEALED_FLAG : copy[1]! & ~SEALED_FLAG;
  return copy;
}

/** Returns the entry without parsing its value, or `null` unless the bytes are a plain entry. Never throws. */
export function openEntry(bytes: Buffer): OpenedEntry | null {
  if (bytes[0] !== VERSION) return { body: bytes, times: null };
  try {
    return openEnvelope(bytes);
  } catch {
    return null;
  }
}

/** Parses a value's JSON; `undefined`, which no JSON is, unless it is valid. Never throws. */
export function parseBody(json: Buffer): unknown {
  try {
    return parse(json);
  } catch {
    return undefined;
  }
}

/** Decodes an entry that is not compressed; `null` unless the bytes are one. Never throws. */
export function decodeEntry(bytes: Buffer): DecodedEntry | null {
  const opened = openEntry(bytes);
  if (opened === null || opened.compressed) return null;
  const { body, ...rest } = opened;
  const value = parseBody(body);
  return value === undefined ? null : { ...rest, value };
}

function openEnvelope(bytes: Buffer): OpenedEntry | null {
  const flags = bytes[1]!;
  if (bytes.length < HEADER_BYTES || (flags & ~KNOWN_FLAGS) !== 0) return null;
  const bodyStart = HEADER_BYTES + bytes.readUInt32BE(METADATA_LENGTH);
  if (bodyStart > HEADER_BYTES + MAX_METADATA_BYTES) return null;
  if (bytes.length !== bodyStart + bytes.readUInt32BE(VALUE_LENGTH)) return null;
  const entry: OpenedEntry = {
    body: bytes.subarray(bodyStart),
    times: {
      createdAt: bytes.readUIntBE(CREATED_AT, TIME_BYTES),
      expiresAt: bytes.readUIntBE(EXPIRES_AT, TIME_BYTES),
      durationMs: bytes.readUInt32BE(DURATION),
    },
  };
  if (flags & COMPRESSED_FLAG) entry.compressed = true;
  if (flags & FAILURE_FLAG) entry.failure = true;
  if (bodyStart > HEADER_BYTES) entry.tags = parseTags(bytes.subarray(HEADER_BYTES, bodyStart));
  return entry;
}

// JSON.parse makes `__proto__` an own property; it never becomes a prototype.
function parse(json: Buffer): unknown {
  // Decoding would replace invalid UTF-8, and return a damaged value as a good one.
  // Plain ASCII, as most JSON is, is copied instead of decoded.
  if (isAscii(json)) return JSON.parse(json.toString('latin1'));
  if (!isUtf8(json)) throw new Error('the bytes are not UTF-8');
  return JSON.parse(json.toString());
}

function parseTags(json: Buffer): TagVersions {
  const tags = parse(json);
  if (typeof tags !== 'object' || tags === null) throw new Error('the metadata is not an object');
  return tags as TagVersions;
}
