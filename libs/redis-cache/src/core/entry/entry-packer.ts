import { compress } from './compression.js';
import { encodeEntry, type EntryMarks, type EntryTimes } from './entry-envelope.js';

/** Makes entries of JSON, and compresses those above a size. */
export class EntryPacker {
  constructor(private readonly compressAboveBytes: number) {}

  /** At once for a small value, else off the event loop. */
  pack(json: string, times: EntryTimes, marks?: EntryMarks): Buffer | Promise<Buffer> {
    // A character takes at least a byte, and no more than three: mostly this tells without counting.
    if (json.length * 3 <= this.compressAboveBytes || Buffer.byteLength(json) <= this.compressAboveBytes) {
      return encodeEntry(json, times, marks);
    }
    return this.#packSmall(json, times, marks);
  }

  async #packSmall(json: string, times: EntryTimes, marks?: EntryMarks): Promise<Buffer> {
    const compressed = await compress(json);
    if (compressed === null) return encodeEntry(json, times, marks);
    return encodeEntry(compressed, times, { ...marks, compressed: true });
  }
}
