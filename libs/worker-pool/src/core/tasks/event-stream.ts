import type { CompletionEvent } from '../contract/completion-event.js';
import type { TaskResult } from '../contract/task.js';
import type { TaskStream } from '../contract/worker-pool.js';
import type { EventLog } from './event-log.js';
import { type Ending, waitForEnd } from './waiting.js';

/** What a driver provides for a stream. */
export interface StreamSource {
  taskId: string;
  log: EventLog;
  /** The end of the task, which is awaited once. */
  ending: Ending;
  /** Ends the interest in the task. Called at most once, and only before the task has ended. */
  leave(): void;
  /** The end of the task is known, will never be known, or no longer matters to the stream. Called once. */
  detach(): void;
  /** The result of the task, for a stream that was left and detached. */
  getResult(): Promise<TaskResult>;
}

/** A task as a stream, and its one interest in that task. */
export class EventStream implements TaskStream {
  readonly #ended: Promise<TaskResult>;
  #openReaders = 0;
  #isOver = false;
  #hasLeft = false;
  #isDetached = false;
  #isResultWanted = false;

  constructor(
    private readonly source: StreamSource,
    private readonly signal: AbortSignal | undefined,
  ) {
    this.#ended = waitForEnd(source.taskId, source.ending, { signal });
    this.#ended.then(
      () => this.#onEnd(),
      () => this.#onFailure(),
    );
  }

  get taskId(): string {
    return this.source.taskId;
  }

  [Symbol.asyncIterator](): AsyncIterator<CompletionEvent, undefined> {
    this.#openReaders += 1;
    return this.source.log.read(this.signal, (hasLeft) => this.#onReaderClosed(hasLeft));
  }

  result(): Promise<TaskResult> {
    this.#isResultWanted = true;
    return this.#isDetached && !this.#isOver ? this.source.getResult() : this.#ended;
  }

  #onReaderClosed(hasLeft: boolean): void {
    this.#openReaders -= 1;
    if (!hasLeft || this.#openReaders > 0 || this.#isOver) {
      return;
    }
    this.#leave();
    if (!this.#isResultWanted) {
      this.#detach();
    }
  }

  #onEnd(): void {
    this.#isOver = true;
    this.#detach();
  }

  #onFailure(): void {
    if (this.signal?.aborted) {
      this.#leave();
    }
    this.#onEnd();
  }

  #leave(): void {
    if (!this.#hasLeft) {
      this.#hasLeft = true;
      this.source.leave();
    }
  }

  #detach(): void {
    if (!this.#isDetached) {
      this.#isDetached = true;
      this.source.detach();
    }
  }
}
