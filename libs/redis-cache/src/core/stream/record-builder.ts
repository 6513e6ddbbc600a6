import { MAX_NESTING } from 'nestjs-redis-connection';
import type { StreamRecord } from '../backend/stream-store.js';
import { toJson } from '../util/json-value.js';
import { hasMoreText } from '../util/text-size.js';

export interface NumberedRecord extends StreamRecord {
  readonly number: number;
  readonly bytes: number;
}

/** A record is closed at this size, so that readers and the bound of the log can drop parts of a burst. */
const FULL_BYTES = 256 * 1024;
/** The pieces of a record are the elements of an array. */
export const MAX_RECORD_NESTING = MAX_NESTING + 1;

/** Size that no record of pieces exceeds: its last piece alone may take `maxValueBytes`. */
export function maxRecordBytes(maxValueBytes: number): number {
  return 3 * FULL_BYTES + maxValueBytes;
}

/**
 * Makes numbered records of pieces, and knows which of the latest fit into `maxBytes`. Record 1 is the header.
 */
export class RecordBuilder {
  readonly #pending: string[] = [];
  #next = 1;
  readonly #kept: Pick<NumberedRecord, 'number' | 'bytes'>[] = [];
  #keptBytes = 0;

  constructor(
    private readonly header: string,
    private readonly maxBytes: number,
  ) {}

  /** Number of the next record. */
  get next(): number {
    return this.#next;
  }

  get hasPending(): boolean {
    return this.#pending.length > 0;
  }

  /** Number of the oldest record that fits. */
  get keepFrom(): number {
    return this.#kept[0]?.number ?? this.#next;
  }

  /** Adds a piece to the next record. Returns `false` if JSON cannot carry it, or it alone is too large. */
  add(piece: unknown): boolean {
    if (hasMoreText(piece, this.maxBytes)) return false;
    const text = toJson(piece);
    if ('problem' in text) return false;
    if (Buffer.byteLength(text.json) > this.maxBytes) return false;
    this.#pending.push(text.json);
    return true;
  }

  /** Returns the records of the pieces that were added since the last call. */
  take(): NumberedRecord[] {
    if (this.#pending.length === 0) return [];
    const records = this.#next === 1 ? [this.#number('header', this.header)] : [];
    let from = 0;
    for (let bytes = 0, index = 0; index < this.#pending.length; index += 1) {
      bytes += this.#pending[index]!.length + 1;
      if (bytes < FULL_BYTES && index < this.#pending.length - 1) continue;
      records.push(this.#number('pieces', `[${this.#pending.slice(from, index + 1).join(',')}]`));
      [from, bytes] = [index + 1, 0];
    }
    this.#pending.length = 0;
    return records;
  }

  /** Returns the last record of the log. */
  last(record: StreamRecord): NumberedRecord {
    return this.#number(record.kind, record.text);
  }

  #number(kind: StreamRecord['kind'], text: string): NumberedRecord {
    const record = { kind, text, number: this.#next, bytes: Buffer.byteLength(text) };
    this.#next += 1;
    this.#kept.push({ number: record.number, bytes: record.bytes });
    this.#keptBytes += record.bytes;
    while (this.#keptBytes > this.maxBytes && this.#kept.length > 1) {
      this.#keptBytes -= this.#kept.shift()!.bytes;
    }
    return record;
  }
}
