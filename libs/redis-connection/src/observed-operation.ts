import { type Channel, channel } from 'node:diagnostics_channel';
import { errorType } from './error-type.js';

/** Runs an operation, for instance within a context of its own, and returns what it returns. */
export type OperationWrapper = <T>(run: () => T) => T;

/** The two channels on which a library publishes its operations. */
export class OperationChannels {
  readonly start: Channel;
  readonly end: Channel;

  constructor(start: string, end: string) {
    this.start = channel(start);
    this.end = channel(end);
  }

  /** Whether a subscriber wants to know of operations. */
  get areObserved(): boolean {
    return this.start.hasSubscribers || this.end.hasSubscribers;
  }
}

/** One operation, as subscribers of the channels see it. Both channels receive the same object. */
export abstract class ObservedOperation<Outcome extends string> {
  /** Set when it has ended. */
  outcome: Outcome | 'error' | undefined;
  /** Set when it has ended; in milliseconds. For a method that returns a stream until it has returned it. */
  durationMs: number | undefined;
  /** Code or class of the error, if it failed. */
  errorType: string | undefined;
  readonly #channels: OperationChannels;
  readonly #startedAt = performance.now();
  #wrapper: OperationWrapper | undefined;

  protected constructor(channels: OperationChannels) {
    this.#channels = channels;
  }

  /** For subscribers of the start: runs the operation by `wrapper`, within those of earlier subscribers. */
  within(wrapper: OperationWrapper): void {
    const outer = this.#wrapper;
    this.#wrapper = outer === undefined ? wrapper : (run) => outer(() => wrapper(run));
  }

  /** Publishes the start, runs, and publishes the end. */
  async observe<T>(run: () => Promise<T>, outcomeOf: (result: T) => Outcome): Promise<T> {
    this.#channels.start.publish(this);
    try {
      const result = await (this.#wrapper === undefined ? run() : this.#wrapper(run));
      this.#end(outcomeOf(result));
      return result;
    } catch (error) {
      this.errorType = errorType(error);
      this.#end('error');
      throw error;
    }
  }

  /** Publishes an operation that has taken no time. */
  publish(outcome: Outcome): void {
    this.#channels.start.publish(this);
    this.#end(outcome);
  }

  #end(outcome: Outcome | 'error'): void {
    this.outcome = outcome;
    this.durationMs = performance.now() - this.#startedAt;
    this.#channels.end.publish(this);
  }
}
