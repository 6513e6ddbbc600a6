/**
 * A record of a log.
 * - `header`: the first record, about the computation
 * - `pieces`: some pieces, in order
 * - `ended`: the last record of a complete log
 * - `failed`: the last record; the text is the failure
 * - `cut`: the last record; the writer publishes no more, although the computation may go on
 */
export interface StreamRecord {
  readonly kind: 'header' | 'pieces' | 'ended' | 'failed' | 'cut';
  readonly text: string;
}

/** What is appended to a log. */
export interface StreamAppend {
  /** Number of the first of the records; a log's first record has the number 1. */
  first: number;
  /** May be empty, which renews the log. A record that the log has already is not appended again. */
  records: readonly StreamRecord[];
  /** Records with smaller numbers are dropped. */
  keepFrom: number;
  /** The lease is renewed for this time, if the token holds it. */
  leaseMs: number;
  /** How long the log is kept if nothing else is appended. */
  expireMs: number;
}

/**
 * The result of appending to a log.
 * - `watched`: somebody else has read the log, or looked for it, within the time that its read stated
 * - `unwatched`: nobody has
 * - `lost`: nothing was appended; the log has expired, has a gap, or was not begun under a lease
 */
export type StreamAppended = 'watched' | 'unwatched' | 'lost';

/** What was read from a log. */
export interface StreamReading {
  /** Whether the log is there. */
  exists: boolean;
  /** Whether there are more records than were read. */
  more: boolean;
  /** The records after the given number, in order, with their numbers. */
  records: readonly (StreamRecord & { number: number })[];
}

/**
 * Logs of the pieces that computations produce, one for each token of a lease. A log is the fence of its stream: it can
 * be begun only under the lease, and appended to only until it expires, so that the late pieces of a holder that was
 * frozen appear nowhere.
 */
export interface StreamStore {
  /** Appends to the log and renews it. If it is watched, the records are announced by an event `pieces`. */
  append(key: string, token: string, append: StreamAppend): Promise<StreamAppended>;
  /**
   * Reads the records with numbers above `after`, and marks the log as watched for `watchMs`, also one that has yet to
   * begin; not one whose last record is among those that were read.
   */
  read(key: string, token: string, after: number, watchMs: number): Promise<StreamReading>;
}

/** Whether no other record follows one of this kind. */
export function isLastRecord({ kind }: Pick<StreamRecord, 'kind'>): boolean {
  return kind === 'ended' || kind === 'failed' || kind === 'cut';
}
