import { promisify } from 'node:util';
import { deflate, inflate } from 'node:zlib';
import { encodeEntry, type EntryMarks, type EntryTimes } from './entry-envelope.js';

const deflateAsync = promisify(deflate);
const inflateAsync = promisify(inflate);

/** Fast rather than small: measured, the best level takes six times as long for a tenth less. */
const LEVEL = 1;

/** Encodes entries, and compresses values above a size. */
export class EntryPacker {
  constructor(private readonly compressAboveBytes: number) {}

  /** Returns at once for a small value; compresses a large one off the event loop. */
  pack(json: string, times: EntryTimes, marks?: EntryMarks): Buffer | Promise<Buffer> {
    // A character takes one to three bytes, so the length mostly decides without counting bytes.
    if (json.length * 3 <= this.compressAboveBytes || Buffer.byteLength(json) <= this.compressAboveBytes) {
      return encodeEntry(json, times, marks);
    }
    return this.#packCompressed(json, times, marks);
  }

  async #packCompressed(json: string, times: EntryTimes, marks?: EntryMarks): Promise<Buffer> {
    const compressed = await compress(json);
    if (compressed === null) return encodeEntry(json, times, marks);
    return encodeEntry(compressed, times, { ...marks, compressed: true });
  }
}

/** Compresses a value's JSON on another thread; `null` if that would not make it smaller. */
async function compress(json: string): Promise<Buffer | null> {
  const bytes = Buffer.from(json);
  const compressed = await deflateAsync(bytes, { level: LEVEL });
  return compressed.byteLength < bytes.byteLength ? compressed : null;
}

/** Returns the value's JSON; `null` if the bytes are damaged, or would grow beyond the limit. Never throws. */
export async function decompress(bytes: Buffer, maxBytes: number): Promise<Buffer | null> {
  try {
    return await inflateAsync(bytes, { maxOutputLength: maxBytes });
  } catch {
    return null;
  }
}
