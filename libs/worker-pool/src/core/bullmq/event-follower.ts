import { isTooDeep } from 'nestjs-redis-connection';
import type { CompletionEvent } from '../contract/completion-event.js';
import { TaskStreamInterruptedError, TaskStreamTooLargeError } from '../contract/errors.js';
import type { TaskResult } from '../contract/task.js';
import { EventBytes } from '../tasks/emitted-event.js';
import { LineBuffer } from '../process/line-buffer.js';
import { EventLog } from '../tasks/event-log.js';
import { END_MARK, TOO_LARGE_MARK } from './event-scripts.js';
import type { EventFacts, EventPosition } from './queue-commands.js';

/** A position, and whether the task had ended when it was noted. */
export interface FollowedPosition extends EventPosition {
  isLast: boolean;
}

/**
 * Follows the events of one task in Redis for all readers in this process. It reads the log of one run at a time and
 * never mixes two: when another run has begun, readers that have received events end with an error.
 */
export class EventFollower {
  readonly log = new EventLog();
  /** The run that is read; empty before it is known. */
  #run = '';
  #offset = 0;
  #lines = new LineBuffer();
  #bytes: EventBytes;
  #hasEndMark = false;
  #result: TaskResult | null = null;
  #isClosed = false;

  constructor(
    readonly taskId: string,
    private readonly maxStreamBytes: number,
  ) {
    this.#bytes = new EventBytes(maxStreamBytes);
  }

  get position(): FollowedPosition {
    return { taskId: this.taskId, run: this.#run, offset: this.#offset, isLast: this.#result !== null };
  }

  /** Nothing more is to be read. */
  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** The task has ended: the rest of its events has to be read. */
  finish(result: TaskResult): void {
    this.#result ??= result;
  }

  /** Readers receive the events so far, then this error. */
  fail(reason: unknown): void {
    this.#isClosed = true;
    this.log.fail(reason);
  }

  /**
   * Takes what Redis has.
   *
   * @param isLast of the position that was read
   * @returns whether there is more to read at once
   */
  take(facts: EventFacts, isLast: boolean): boolean {
    if (this.#isClosed) {
      return false;
    }
    if (this.#isReplaced(facts)) {
      return this.#restart();
    }
    if (this.#isReadable(facts)) {
      this.#read(facts);
      if (this.#offset < facts.length) {
        return !this.#isClosed;
      }
      if (facts.holder !== '' && facts.holder !== this.#run) {
        return this.#restart();
      }
    }
    if (isLast && !this.#isClosed) {
      this.#end(facts);
    }
    return false;
  }

  /** The log that was read belongs to another run now, or is gone while another run has begun. */
  #isReplaced({ written, holder }: EventFacts): boolean {
    if (this.#run === '' || written === this.#run) {
      return false;
    }
    return written !== '' || (holder !== '' && holder !== this.#run);
  }

  /** The log of a run that has lost its claim is not begun: another run will replace it. */
  #isReadable({ written, holder, isFinal }: EventFacts): boolean {
    return written !== '' && (written === this.#run || written === holder || isFinal);
  }

  #restart(): boolean {
    this.log.restart(new TaskStreamInterruptedError(this.taskId));
    this.#run = '';
    this.#offset = 0;
    this.#lines = new LineBuffer();
    this.#bytes = new EventBytes(this.maxStreamBytes);
    this.#hasEndMark = false;
    return true;
  }

  #read({ written, bytes }: EventFacts): void {
    this.#run = written;
    this.#offset += bytes.length;
    try {
      for (const line of this.#lines.take(bytes)) {
        if (!this.#isClosed) this.#takeLine(line);
      }
      // A line that is not complete yet counts as well, or it could grow without a limit.
      if (!this.#isClosed && this.#lines.pendingBytes > this.#bytes.left) this.#failAsTooLarge();
    } catch {
      // Something else has written to the log.
      this.fail(new TaskStreamInterruptedError(this.taskId));
    }
  }

  #takeLine(line: string): void {
    if (line === END_MARK) {
      this.#hasEndMark = true;
    } else if (line === TOO_LARGE_MARK) {
      this.#failAsTooLarge();
    } else if (line !== this.#run) {
      this.#takeEvent(line);
    }
  }

  /** @throws {Error} it is not an event */
  #takeEvent(json: string): void {
    if (!this.#bytes.admit(json)) return this.#failAsTooLarge();
    if (!json.startsWith('{') || isTooDeep(json)) throw new Error('damaged');
    this.log.append(JSON.parse(json) as CompletionEvent);
  }

  #failAsTooLarge(): void {
    this.fail(new TaskStreamTooLargeError(this.taskId));
  }

  #end({ isFinal }: EventFacts): void {
    this.#isClosed = true;
    const isIncomplete = this.#result?.status === 'completed' && !(this.#hasEndMark && isFinal);
    if (isIncomplete && !this.log.isEmpty) {
      this.log.fail(new TaskStreamInterruptedError(this.taskId));
    } else {
      this.log.end();
    }
  }
}
