import { hasMoreText, MAX_NESTING } from 'nestjs-redis-connection';
import type { StreamRecord } from '../backend/stream-store.js';
import { toJson } from '../util/json-value.js';

export interface NumberedRecord extends StreamRecord {
  readonly number: number;
  readonly bytes: number;
}

/** A record is closed at this size, so that readers and the bound of the log can drop parts of a burst. */
const FULL_BYTES = 256 * 1024;
/** Records of about this size are made in one turn of the event loop: a few milliseconds. */
const STEP_BYTES = 2 * 1024 * 1024;
/** The pieces of a record are the elements of an array. */
export const MAX_RECORD_NESTING = MAX_NESTING + 1;

interface PendingPiece {
  readonly json: string;
  readonly bytes: number;
}

/** Size that no record of pieces exceeds: its last piece alone may take `maxValueBytes`. */
export function maxRecordBytes(maxValueBytes: number): number {
  return 3 * FULL_BYTES + maxValueBytes;
}

/**
 * Makes numbered records of pieces, and knows which of the latest fit into `maxBytes`. Record 1 is the header.
 */
export class RecordBuilder {
  #pending: PendingPiece[] = [];
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
    const bytes = Buffer.byteLength(text.json);
    if (bytes > this.maxBytes) return false;
    this.#pending.push({ json: text.json, bytes });
    return true;
  }

  /**
   * Returns the records of the oldest pieces that were added, of up to about 2 MiB: others are left for the next call if
   * {@link hasPending}.
   */
  take(): NumberedRecord[] {
    if (this.#pending.length === 0) return [];
    const records = this.#next === 1 ? [this.#number('header', this.header)] : [];
    let taken = 0;
    for (let size = 0; taken < this.#pending.length && size < STEP_BYTES;) {
      const { json, bytes, count } = joined(this.#pending, taken);
      records.push(this.#number('pieces', json, bytes));
      size += bytes;
      taken += count;
    }
    this.#pending = this.#pending.slice(taken);
    return records;
  }

  /** Returns the last record of the log. */
  last(record: StreamRecord): NumberedRecord {
    return this.#number(record.kind, record.text);
  }

  #number(kind: StreamRecord['kind'], text: string, bytes = Buffer.byteLength(text)): NumberedRecord {
    const record = { kind, text, number: this.#next, bytes };
    this.#next += 1;
    this.#kept.push({ number: record.number, bytes: record.bytes });
    this.#keptBytes += record.bytes;
    while (this.#keptBytes > this.maxBytes && this.#kept.length > 1) {
      this.#keptBytes -= this.#kept.shift()!.bytes;
    }
    return record;
  }
}

/** The pieces from one on that fill a record, as the JSON of an array. */
function joined(pieces: readonly PendingPiece[], from: number): PendingPiece & { readonly count: number } {
  const texts: string[] = [];
  let bytes = 1;
  for (let at = from; at < pieces.length && bytes <= FULL_BYTES; at += 1) {
    texts.push(pieces[at]!.json);
    bytes += pieces[at]!.bytes + 1;
  }
  return { json: `[${texts.join(',')}]`, bytes, count: texts.length };
}
