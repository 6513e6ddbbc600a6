import { isTooDeep, TOO_DEEP } from 'nestjs-redis-connection';
import type { CompletionEvent } from '../contract/completion-event.js';

/**
 * The JSON of an event that an executor emits. It also is a copy: an executor may go on to change its event.
 *
 * @throws {TypeError} it is not a JSON object, or nested too deeply
 */
export function encodeEvent(event: CompletionEvent): string {
  const json = toJson(event);
  if (!json?.startsWith('{')) {
    throw new TypeError('an emitted event must be a JSON object');
  }
  if (isTooDeep(json)) {
    throw new TypeError(`an emitted event ${TOO_DEEP}`);
  }
  return json;
}

function toJson(event: CompletionEvent): string | undefined {
  try {
    return JSON.stringify(event) as string | undefined;
  } catch (cause) {
    // The stack overflows.
    if (cause instanceof RangeError) throw new TypeError(`an emitted event ${TOO_DEEP}`, { cause });
    throw cause;
  }
}

/** Counts the bytes of a task's events, up to a limit. */
export class EventBytes {
  #left: number;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  /** What is left of the limit; negative when it is exceeded. */
  get left(): number {
    return this.#left;
  }

  /** Returns `false` when the event, or an earlier one, exceeds the limit. */
  admit(json: string): boolean {
    this.#left -= Buffer.byteLength(json);
    return this.#left >= 0;
  }
}
