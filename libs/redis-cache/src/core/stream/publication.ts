import type { StreamAppended, StreamRecord, StreamStore } from '../backend/stream-store.js';
import type { TagVersions } from '../entry/entry-envelope.js';
import type { Guard } from '../guard/guard.js';
import { type NumberedRecord, RecordBuilder } from './record-builder.js';

export interface PublicationTerms {
  key: string;
  token: string;
  leaseMs: number;
  /** Versions of the tags before the computation began. */
  tags: TagVersions | undefined;
  /** Keeps the computation alive for readers in other processes. Returns the function that ends this. */
  hold: () => () => void;
}

export interface PublicationDependencies {
  streams: StreamStore;
  guard: Guard;
  maxValueBytes: number;
}

/** At least this time between the starts of two writes, however fast pieces come. */
const PACE_MS = 10;
/** The same after a write that was too small for all pieces: enough for a turn of other work. */
const BURST_PACE_MS = 1;
/** The same after a write that Redis did not confirm. */
const RETRY_MS = 100;
/** How often a log is renewed within its time. */
const RENEWALS_PER_LEASE = 3;
/** How long readers can find the end of a log. */
const END_KEEP_MS = 2_000;
const FAILED = Symbol('failed');

/**
 * Writes the pieces of one computation to its log in Redis: the first at once, then what has come meanwhile in one
 * write, one write at a time. A write that is not confirmed is repeated with the same numbers; after `leaseMs` without
 * a confirmation the log has expired, and nothing more is written.
 */
export class Publication {
  readonly #records: RecordBuilder;
  #unconfirmed: NumberedRecord[] = [];
  #last: StreamRecord | undefined;
  #isWriting = false;
  /** Whether the timer is for a write rather than a renewal. */
  #isDue = false;
  #isOver = false;
  /** Whether Redis has not confirmed the latest write. */
  #isFailing = false;
  #notBefore = 0;
  #confirmedAt = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #release: (() => void) | undefined;
  #onFinished = (): void => {};

  constructor(
    private readonly use: PublicationDependencies,
    private readonly terms: PublicationTerms,
    private readonly onOver: () => void,
  ) {
    this.#records = new RecordBuilder(JSON.stringify(terms.tags ?? {}), use.maxValueBytes);
  }

  add(piece: unknown): void {
    if (this.#isOver || this.#last) return;
    if (this.#records.add(piece)) this.#schedule();
    else void this.finish({ kind: 'cut', text: '' });
  }

  async finish(last: StreamRecord): Promise<void> {
    if (this.#isOver || this.#last) return;
    // Nobody has read a log without a record, and a computation without pieces has an outcome to be found.
    if (this.#records.next === 1 && !this.#records.hasPending) return this.#stop();
    this.#last = last;
    const finished = new Promise<void>((resolve) => (this.#onFinished = resolve));
    this.#schedule();
    // Without Redis the attempts go on, and nobody waits for them.
    if (!this.#isFailing) await finished;
  }

  async isWatched(): Promise<boolean> {
    if (this.#isOver || this.#last || !this.use.guard.serving) return false;
    const appended = await this.#append([], this.terms.leaseMs);
    if (appended !== 'watched' || this.#isOver || this.#last) return false;
    this.#release ??= this.terms.hold();
    this.#schedule();
    return true;
  }

  /** Writes as soon as it may; without anything to write, renews the log in time. */
  #schedule(): void {
    if (this.#isWriting || this.#isOver || this.#isDue) return;
    clearTimeout(this.#timer);
    this.#isDue = this.#records.hasPending || this.#last !== undefined || this.#unconfirmed.length > 0;
    const renewalMs = this.terms.leaseMs / RENEWALS_PER_LEASE;
    const delayMs = this.#isDue ? this.#notBefore - performance.now() : renewalMs;
    if (delayMs <= 0) return void this.#write();
    this.#timer = setTimeout(() => void this.#write(), Math.ceil(delayMs));
    // A process that wants to end does not wait for a renewal or another attempt.
    if (delayMs > PACE_MS) this.#timer.unref();
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    this.#isDue = false;
    const start = performance.now();
    this.#unconfirmed.push(...this.#records.take());
    this.#notBefore = start + (this.#records.hasPending ? BURST_PACE_MS : PACE_MS);
    const isLast = this.#last !== undefined && !this.#records.hasPending;
    if (isLast && !isFinished(this.#unconfirmed)) this.#unconfirmed.push(this.#records.last(this.#last!));
    const sent = this.#unconfirmed.length;
    const appended = await this.#append(this.#unconfirmed, isLast ? END_KEEP_MS : this.terms.leaseMs);
    this.#isWriting = false;
    this.#isFailing = appended === FAILED;
    if (appended === FAILED) this.#retryLater();
    else this.#confirm(appended, sent, isLast);
    this.#schedule();
  }

  #append(records: readonly NumberedRecord[], expireMs: number): Promise<StreamAppended | typeof FAILED> {
    const { key, token, leaseMs } = this.terms;
    const { next, keepFrom } = this.#records;
    const first = this.#unconfirmed[0]?.number ?? next;
    const append = { first, records, keepFrom, leaseMs, expireMs };
    return this.use.guard.run(() => this.use.streams.append(key, token, append), FAILED);
  }

  #confirm(appended: StreamAppended, sent: number, isLast: boolean): void {
    if (appended === 'lost' || isLast) return this.#stop();
    this.#confirmedAt = performance.now();
    this.#unconfirmed = this.#unconfirmed.slice(sent);
    if (appended === 'watched') this.#release ??= this.terms.hold();
    else this.#letGo();
  }

  #retryLater(): void {
    const now = performance.now();
    this.#notBefore = now + RETRY_MS;
    this.#onFinished();
    if (now - this.#confirmedAt > this.terms.leaseMs) this.#stop();
  }

  #letGo(): void {
    this.#release?.();
    this.#release = undefined;
  }

  #stop(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#unconfirmed = [];
    this.#onFinished();
    // A computation that has ended needs nobody to keep it alive until its value is stored.
    if (this.#last === undefined || this.#last.kind === 'cut') this.#letGo();
    this.onOver();
  }
}

function isFinished(records: readonly NumberedRecord[]): boolean {
  const kind = records.at(-1)?.kind;
  return kind === 'ended' || kind === 'failed' || kind === 'cut';
}
