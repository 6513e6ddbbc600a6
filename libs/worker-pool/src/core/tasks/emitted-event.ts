import type { CompletionEvent } from '../contract/completion-event.js';

/**
 * The JSON of an event that an executor emits. It also is a copy: an executor may go on to change its event.
 *
 * @throws {TypeError} it is not a JSON object
 */
export function encodeEvent(event: CompletionEvent): string {
  const json = JSON.stringify(event) as string | undefined;
  if (!json?.startsWith('{')) {
    throw new TypeError('an emitted event must be a JSON object');
  }
  return json;
}

/** Counts the bytes of a task's events, up to a limit. */
export class EventBytes {
  #left: number;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  /** Returns `false` when the event, or an earlier one, exceeds the limit. */
  admit(json: string): boolean {
    this.#left -= Buffer.byteLength(json);
    return this.#left >= 0;
  }
}
