import type { StreamRecord, StreamStore } from '../backend/stream-store.js';
import type { Guard } from '../guard/guard.js';
import { Publication, type PublicationTerms } from './publication.js';

export interface PublisherDependencies {
  streams: StreamStore;
  guard: Guard;
  /** Size of a log in Redis, in bytes. */
  maxValueBytes: number;
  /** How many streams are published at a time. */
  maxLive: number;
}

/** What a computation does with its pieces for readers in other processes. */
export interface PiecePublication {
  add(piece: unknown): void;
  /** Appends the last record. Resolves once Redis has confirmed it, or the first attempt has failed. */
  finish(last: StreamRecord): Promise<void>;
  /** Whether somebody in another process reads the log, by a round trip; it then holds the computation. */
  isWatched(): Promise<boolean>;
}

/** Publishes the pieces of computations in this process for readers in others. */
export class Publisher {
  #live = 0;

  constructor(private readonly use: PublisherDependencies) {}

  /** `undefined` above the limit: readers in other processes then get the value at its end. */
  start(terms: PublicationTerms): PiecePublication | undefined {
    if (this.#live >= this.use.maxLive) return undefined;
    this.#live += 1;
    return new Publication(this.use, terms, () => (this.#live -= 1));
  }
}
