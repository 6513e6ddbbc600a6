import type {
  Completion,
  CompletionEvent,
  TaskStreamInterruptedError,
  TaskStreamTooLargeError,
} from 'nestjs-worker-pool';
import { messageEvents, messageId, toMessage } from './message-events.js';

const END = 'gateway_completion';
const GAP = 'gateway_gap';

/** The last piece of a completion: all of it, as it is stored. Never sent to clients. */
export interface CompletionEnd {
  readonly type: typeof END;
  readonly value: Completion;
}

/**
 * The events that follow are lost, but the completion is not: it is the next piece. Readers of events end here with
 * this error.
 */
export interface CompletionGap {
  readonly type: typeof GAP;
  readonly code: string;
  readonly message: string;
}

/** A piece of a completion: an event of the Messages API, or the whole completion at the end. */
export type CompletionPiece = CompletionEvent | CompletionGap | CompletionEnd;

export function gapOf({
  code,
  message,
}: TaskStreamInterruptedError | TaskStreamTooLargeError): CompletionGap {
  return { type: GAP, code, message };
}

export function isGap(piece: CompletionPiece): piece is CompletionGap {
  return piece.type === GAP;
}

export function endOf(value: Completion): CompletionEnd {
  return { type: END, value };
}

export function isEnd(piece: CompletionPiece): piece is CompletionEnd {
  return piece.type === END;
}

/**
 * Returns the completion that consists of these pieces.
 *
 * @throws {TypeError} the last piece is missing
 */
export function collectPieces(pieces: readonly CompletionPiece[]): Completion {
  const last = pieces.at(-1);
  if (last === undefined || !isEnd(last)) throw new TypeError('the pieces of a completion have no end');
  return last.value;
}

/** Returns the pieces of a stored completion, as a message with a new id. */
export function* replayPieces(value: Completion): Generator<CompletionPiece> {
  yield* messageEvents({ id: messageId(), ...toMessage(value) });
  yield endOf(value);
}
