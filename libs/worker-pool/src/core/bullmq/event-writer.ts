import type { CompletionEvent } from '../contract/completion-event.js';
import { encodeEvent, EventBytes } from '../tasks/emitted-event.js';
import { END_MARK, TOO_LARGE_MARK } from './event-scripts.js';
import type { FaultLog } from './fault-log.js';
import { GrowingText } from './growing-text.js';
import { Pump } from './pump.js';
import type { EventChunk, QueueCommands } from './queue-commands.js';
import type { QueueLink } from './queue-link.js';

/**
 * Minimum time between two writes for a task, in milliseconds. Longer than that between two reads: a read then follows each
 * write at once, instead of waiting for its own interval to end.
 */
const WRITE_MS = 12;
/** Limit of one write, which all streamed tasks of this worker share. */
const MAX_BYTES = 2 * 1024 * 1024;

/** Limits of the events of a task. */
export interface EventLimits {
  maxStreamBytes: number;
  /** How long a log lives after the end of its run, in milliseconds. */
  streamTtlMs: number;
  lockDurationMs: number;
}

/** A run whose events are written. */
export interface WrittenRun {
  taskId: string;
  /** The run, as in the first line of its log. */
  run: string;
  signal: AbortSignal;
}

/**
 * Writes the events of the tasks that run in this worker to Redis, in batches. It keeps them until their run ends: if
 * Redis loses a part of a log, or the reply to a write, the log is completed from where it is.
 */
export class EventWriter {
  readonly #open = new Set<EventText>();
  readonly #pump = new Pump<EventText>(WRITE_MS, (texts) => this.#write(texts));
  #renewal: NodeJS.Timeout | undefined;

  constructor(
    private readonly link: QueueLink,
    private readonly commands: QueueCommands,
    private readonly limits: EventLimits,
    private readonly faults: FaultLog,
  ) {
    link.onUp(() => this.#requestAll());
  }

  open(run: WrittenRun): EventText {
    const text = new EventText(run, this.limits.maxStreamBytes, () => this.#pump.request(text));
    this.#open.add(text);
    // Renews the logs of runs that emit nothing for a while.
    this.#renewal ??= setInterval(() => this.#requestAll(), this.limits.lockDurationMs / 2);
    return text;
  }

  /** The run has ended: writes nothing more for it. */
  close(text: EventText): void {
    text.close();
    this.#open.delete(text);
    this.#pump.forget(text);
    if (this.#open.size === 0) {
      clearInterval(this.#renewal);
      this.#renewal = undefined;
    }
  }

  #requestAll(): void {
    for (const text of this.#open) {
      if (text.length > 0) this.#pump.request(text);
    }
  }

  async #write(texts: EventText[]): Promise<void> {
    if (!this.link.isUp) {
      return;
    }
    const maxBytes = Math.floor(MAX_BYTES / texts.length);
    try {
      const lengths = await this.commands.appendEvents(texts.map((text) => this.#chunkOf(text, maxBytes)));
      texts.forEach((text, index) => this.#onWritten(text, lengths[index] ?? -1));
    } catch (error) {
      // Written when Redis is back, or when the logs are renewed.
      this.faults.report(error);
    }
  }

  #chunkOf(text: EventText, maxBytes: number): EventChunk {
    const { streamTtlMs, lockDurationMs } = this.limits;
    const chunk = text.next(maxBytes);
    const isLast = text.isFinished && chunk.offset + chunk.bytes.length === text.length;
    return { ...chunk, ttlMs: isLast ? streamTtlMs : streamTtlMs + 2 * lockDurationMs };
  }

  #onWritten(text: EventText, length: number): void {
    text.written(length);
    if (this.#open.has(text) && !text.isWritten) this.#pump.request(text);
  }
}

/** The events of one run as the text of its log. */
export class EventText {
  readonly #text = new GrowingText();
  readonly #bytes: EventBytes;
  #written = 0;
  /** Whether the claim to the task was found lost; then nothing more is written. */
  #isRefused = false;
  #isClosed = false;
  #isTooLarge = false;
  #isFinished = false;
  #onWritten: () => void = () => {};

  constructor(
    private readonly run: WrittenRun,
    maxBytes: number,
    private readonly onAppended: () => void,
  ) {
    this.#bytes = new EventBytes(maxBytes);
  }

  get length(): number {
    return this.#text.length;
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get isWritten(): boolean {
    return this.#isRefused || this.#written === this.#text.length;
  }

  /** @throws {TypeError} the event is not a JSON object */
  readonly emit = (event: CompletionEvent): void => {
    const json = encodeEvent(event);
    if (this.#isClosed || this.#isFinished || this.#isTooLarge || this.#isRefused) {
      return;
    }
    this.#isTooLarge = !this.#bytes.admit(json);
    this.#append(this.#isTooLarge ? TOO_LARGE_MARK : json);
  };

  /** Appends the end mark. Resolves when everything is written, when that is impossible, or when the run is aborted. */
  async finish(): Promise<void> {
    this.#isFinished = true;
    if (this.#text.length > 0 && !this.#isTooLarge) {
      this.#append(END_MARK);
    }
    const { signal } = this.run;
    if (this.isWritten || signal.aborted) {
      return;
    }
    await new Promise<void>((resolve) => {
      this.#onWritten = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  close(): void {
    this.#isClosed = true;
  }

  next(maxBytes: number): Omit<EventChunk, 'ttlMs'> {
    const { taskId, run } = this.run;
    return { taskId, run, offset: this.#written, bytes: this.#text.slice(this.#written, maxBytes) };
  }

  /** @param length length of the log in Redis; -1 when the run may not append any more */
  written(length: number): void {
    this.#isRefused = length < 0;
    this.#written = Math.max(0, length);
    if (this.isWritten) {
      this.#onWritten();
    }
  }

  #append(line: string): void {
    if (this.#text.length === 0) {
      this.#text.append(`${this.run.run}\n`);
    }
    this.#text.append(`${line}\n`);
    this.onAppended();
  }
}
