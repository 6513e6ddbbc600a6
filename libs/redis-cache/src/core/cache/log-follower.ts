import { parseStored } from 'nestjs-redis-connection';
import type { Backend } from '../backend/backend.js';
import type { StreamReading } from '../backend/stream-store.js';
import { MAX_METADATA_BYTES, type TagVersions } from '../entry/entry-envelope.js';
import type { Guard } from '../guard/guard.js';
import type { PieceLog } from '../stream/piece-log.js';
import { MAX_RECORD_NESTING, maxRecordBytes } from '../stream/record-builder.js';
import type { Relay } from '../stream/relay.js';

export interface FollowerDependencies {
  backend: Pick<Backend, 'streams' | 'tags'>;
  guard: Guard;
  maxValueBytes: number;
}

/** The computation whose pieces are read. */
export interface FollowerTerms {
  key: string;
  token: string;
  /** How long its log is marked as watched by each read. */
  watchMs: number;
  relay: Relay;
}

/**
 * The state of a log in another process.
 * - `absent`: it has not begun
 * - `live`: there are more pieces to come
 * - `behind`: there are more pieces to be read now
 * - `ended`, `failed`: it is complete; a failure comes with its text
 * - `lost`: nothing more can be read
 * - `outdated`: a tag was invalidated since its computation began
 * - `unavailable`: Redis could not be queried
 */
export type FollowState =
  | { state: 'absent' | 'live' | 'behind' | 'ended' | 'lost' | 'outdated' | 'unavailable' }
  | { state: 'failed'; failure: string };

type Outcome = FollowState | undefined;

const FAILED = Symbol('failed');
const UNAVAILABLE: FollowState = { state: 'unavailable' };
const LOST: FollowState = { state: 'lost' };

/** Reads the log of a computation in another process into a log in this one. */
export class LogFollower {
  #after = 0;
  #log: PieceLog | undefined;

  constructor(
    private readonly use: FollowerDependencies,
    private readonly terms: FollowerTerms,
  ) {}

  /** The pieces so far; `undefined` before the first. */
  get log(): PieceLog | undefined {
    return this.#log;
  }

  /** Reads what is new. */
  async read(): Promise<FollowState> {
    const { key, token, watchMs } = this.terms;
    const { streams } = this.use.backend;
    const reading = await this.use.guard.run(() => streams.read(key, token, this.#after, watchMs), FAILED);
    if (reading === FAILED) return UNAVAILABLE;
    for (const record of reading.records) {
      const outcome = await this.#accept(record);
      if (outcome !== undefined) return outcome;
    }
    if (!reading.exists) return this.#after === 0 ? { state: 'absent' } : LOST;
    return { state: reading.more ? 'behind' : 'live' };
  }

  /** `undefined` when the next record can be accepted. */
  async #accept({ number, kind, text }: StreamReading['records'][number]): Promise<Outcome> {
    // The records in between have been dropped.
    if (number !== this.#after + 1) return LOST;
    const outcome = kind === 'header' ? await this.#begin(text) : this.#continue(kind, text);
    if (outcome === undefined) this.#after = number;
    return outcome;
  }

  /** Compares the tags before the first piece is handed out. */
  async #begin(text: string): Promise<Outcome> {
    const tags = parsed<TagVersions>(text, MAX_METADATA_BYTES);
    if (tags === undefined || this.#after !== 0) return LOST;
    const names = Object.keys(tags);
    const { guard, backend } = this.use;
    const versions = names.length === 0 ? [] : await guard.run(() => backend.tags.read(names), FAILED);
    if (versions === FAILED) return UNAVAILABLE;
    if (names.some((name, index) => tags[name] !== versions[index])) return { state: 'outdated' };
    const { relay, token } = this.terms;
    relay.claim = { token, tags };
    this.#log = relay.begin(false);
    return undefined;
  }

  #continue(kind: StreamReading['records'][number]['kind'], text: string): Outcome {
    const log = this.#log;
    if (log === undefined || kind === 'cut') return LOST;
    if (kind === 'failed') return { state: 'failed', failure: text };
    if (kind === 'ended') {
      log.end();
      return { state: 'ended' };
    }
    const pieces = kind === 'pieces' ? this.#pieces(text) : undefined;
    if (!Array.isArray(pieces)) return LOST;
    log.append(pieces);
    return undefined;
  }

  #pieces(text: string): unknown[] | undefined {
    return parsed(text, maxRecordBytes(this.use.maxValueBytes), MAX_RECORD_NESTING);
  }
}

/** `undefined` if the text is damaged or beyond the limits of writing. */
function parsed<T extends object>(text: string, maxBytes: number, maxNesting?: number): T | undefined {
  const stored = parseStored(text, maxBytes, maxNesting);
  if (!('value' in stored)) return undefined;
  const value = stored.value as T | null;
  return typeof value === 'object' && value !== null ? value : undefined;
}
