import { onAbort } from 'nestjs-redis-connection';
import type { CompletionEvent } from '../contract/completion-event.js';
import { freezeDeep } from './task-results.js';

/** What a reader receives next. */
type Step = { event: CompletionEvent } | { failure: unknown } | 'end';

/** The events of one run of a task. */
class RunEvents {
  readonly #events: CompletionEvent[] = [];
  #end: Step | null = null;

  get isOpen(): boolean {
    return this.#end === null;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0;
  }

  append(event: CompletionEvent): void {
    this.#events.push(freezeDeep(event));
  }

  close(end: Step): void {
    this.#end = end;
  }

  /** The step at this index; `null` while it is unknown. */
  at(index: number): Step | null {
    const event = this.#events[index];
    return event ? { event } : this.#end;
  }
}

/**
 * The events of one task in this process: one copy for all readers, each of which reads from the first event at its
 * own pace. Ends once; later calls have no effect.
 */
export class EventLog {
  #run = new RunEvents();
  readonly #readers = new Set<EventReader>();

  get isEmpty(): boolean {
    return this.#run.isEmpty;
  }

  /** Takes over the event and freezes it. */
  append(event: CompletionEvent): void {
    if (this.#run.isOpen) {
      this.#run.append(event);
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

  /**
   * The next events belong to another run of the task: readers that have received an event end with this error after
   * the last event of the first run; the others, and new ones, read the other run.
   */
  restart(failure: unknown): void {
    if (!this.#run.isOpen) {
      return;
    }
    this.#run.close({ failure });
    this.#run = new RunEvents();
    for (const reader of this.#readers) {
      reader.moveTo(this.#run);
    }
    this.#advance();
  }

  /** @param onClose is called once: the reader has left early, or has come to the end */
  read(signal: AbortSignal | undefined, onClose: (hasLeft: boolean) => void): EventReader {
    return new EventReader(this.#run, { readers: this.#readers, signal, onClose });
  }

  #close(end: Step): void {
    if (this.#run.isOpen) {
      this.#run.close(end);
      this.#advance();
    }
  }

  #advance(): void {
    for (const reader of this.#readers) {
      reader.advance();
    }
  }
}

interface ReaderParts {
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

  constructor(
    private run: RunEvents,
    private readonly parts: ReaderParts,
  ) {
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

  /** Reads this run instead, unless an event has been received. */
  moveTo(run: RunEvents): void {
    if (this.#index === 0) {
      this.run = run;
    }
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
    const { signal } = this.parts;
    return signal?.aborted ? { failure: signal.reason } : this.run.at(this.#index);
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
