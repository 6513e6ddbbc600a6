import { onAbort } from 'nestjs-redis-connection';
import type { CompletionEvent } from '../contract/completion-event.js';
import { freezeDeep } from './task-results.js';

/** What a reader receives next. */
type Step = { event: CompletionEvent } | { failure: unknown } | 'end';

/**
 * The events of one task in this process: one copy for all readers, each of which reads from the first event at its
 * own pace. Ends once; later calls have no effect.
 */
export class EventLog {
  readonly #events: CompletionEvent[] = [];
  readonly #readers = new Set<EventReader>();
  #end: Step | null = null;

  /** Takes over the event and freezes it. */
  append(event: CompletionEvent): void {
    if (!this.#end) {
      this.#events.push(freezeDeep(event));
      this.#advance();
    }
  }

  /** The task has ended: readers end after the last event. */
  end(): void {
    this.#close('end');
  }

  /** Readers receive the events so far, then this error. */
  fail(failure: unknown): void {
    this.#close({ failure });
  }

  /** @param onClose is called once: the reader has left early, or has come to the end */
  read(signal: AbortSignal | undefined, onClose: (hasLeft: boolean) => void): EventReader {
    return new EventReader({ log: this, readers: this.#readers, signal, onClose });
  }

  /** The step at this index; `null` while it is unknown. */
  at(index: number): Step | null {
    const event = this.#events[index];
    return event ? { event } : this.#end;
  }

  #close(end: Step): void {
    this.#end ??= end;
    this.#advance();
  }

  #advance(): void {
    for (const reader of this.#readers) {
      reader.advance();
    }
  }
}

interface ReaderParts {
  log: EventLog;
  /** The reader is in this set until it has ended. */
  readers: Set<EventReader>;
  signal: AbortSignal | undefined;
  onClose: (hasLeft: boolean) => void;
}

interface PendingRead {
  resolve: (result: IteratorResult<CompletionEvent, undefined>) => void;
  reject: (reason: unknown) => void;
}

const DONE = { done: true, value: undefined } as const;

/**
 * One iteration of an {@link EventLog}. Not an async generator: `return` takes effect at once, even while `next` waits
 * for an event.
 */
export class EventReader implements AsyncIterableIterator<CompletionEvent, undefined> {
  readonly #pending: PendingRead[] = [];
  readonly #removeListener: () => void;
  #index = 0;
  #isDone = false;

  constructor(private readonly parts: ReaderParts) {
    const { readers, signal } = parts;
    readers.add(this);
    this.#removeListener = signal ? onAbort(signal, () => this.advance()) : () => {};
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<CompletionEvent, undefined>> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ resolve, reject });
      this.advance();
    });
  }

  async return(): Promise<IteratorResult<CompletionEvent, undefined>> {
    this.#finish(true);
    return DONE;
  }

  /** Serves pending reads with what is known by now. */
  advance(): void {
    while (this.#pending.length > 0) {
      const step = this.#isDone ? 'end' : this.#step();
      if (!step) {
        return;
      }
      this.#serve(this.#pending.shift()!, step);
    }
  }

  #step(): Step | null {
    const { log, signal } = this.parts;
    return signal?.aborted ? { failure: signal.reason } : log.at(this.#index);
  }

  #serve({ resolve, reject }: PendingRead, step: Step): void {
    if (step === 'end') {
      this.#finish(false);
      resolve(DONE);
    } else if ('failure' in step) {
      this.#finish(false);
      reject(step.failure);
    } else {
      this.#index += 1;
      resolve({ done: false, value: step.event });
    }
  }

  #finish(hasLeft: boolean): void {
    if (this.#isDone) {
      return;
    }
    this.#isDone = true;
    this.parts.readers.delete(this);
    this.#removeListener();
    for (const { resolve } of this.#pending.splice(0)) {
      resolve(DONE);
    }
    this.parts.onClose(hasLeft);
  }
}
