import type { AnswerOrigin } from './answer.js';

/**
 * How a stream of events ended:
 * - `completed`: the client received all of it
 * - `client_left`: the client disconnected before its end
 * - `failed`: it ended with an error
 * - `interrupted`: it ended with an error because the process that computed it was lost
 */
export type StreamOutcome = 'completed' | 'client_left' | 'failed' | 'interrupted';

/** A stream of events that has ended. */
export interface StreamEnd {
  readonly outcome: StreamOutcome;
  /** The code of the error, if it ended with one. */
  readonly code: string | undefined;
  /** From the request to the first event, in milliseconds; `null` if there was none. */
  readonly firstEventMs: number | null;
  /** Where its events came from; `null` if it ended before this was known. */
  readonly origin: AnswerOrigin | null;
}

declare module 'fastify' {
  interface FastifyReply {
    /** Set when the response is a stream of a completion; read by the access log and the metrics when it has ended. */
    stream: StreamProgress | null;
  }
}

/** The process that led the computation, or the worker that ran its task, was lost. */
const INTERRUPTED: ReadonlySet<string | undefined> = new Set([
  'ERR_STREAM_INTERRUPTED',
  'ERR_TASK_STREAM_INTERRUPTED',
]);

/** What has happened so far in a stream of events. */
export class StreamProgress {
  #firstEventMs: number | null = null;
  #outcome: Exclude<StreamOutcome, 'client_left'> = 'completed';
  #code: string | undefined;
  origin: AnswerOrigin | null = null;

  /** @param elapsedMs the time since the request arrived, in milliseconds */
  constructor(private readonly elapsedMs: () => number) {}

  /** Notes that an event is being sent; only the first one counts. */
  sent(): void {
    this.#firstEventMs ??= Math.round(this.elapsedMs() * 1_000) / 1_000;
  }

  /** Notes that the stream ends with an error. */
  failed(code: string | undefined): void {
    this.#outcome = INTERRUPTED.has(code) ? 'interrupted' : 'failed';
    this.#code = code;
  }

  /** @param aborted whether the client disconnected before it had everything */
  end(aborted: boolean): StreamEnd {
    const outcome = aborted && this.#outcome === 'completed' ? 'client_left' : this.#outcome;
    return { outcome, code: this.#code, firstEventMs: this.#firstEventMs, origin: this.origin };
  }
}
