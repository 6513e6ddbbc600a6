import type { QueueParts } from './queue-parts.js';
import { textOf } from './request-codec.js';

/** What one command carries at most: a script that runs for long keeps every other client waiting. */
const MAX_REQUESTS_PER_COMMAND = 1_000;
/** The same in characters; a single request may be longer. */
const MAX_CHARACTERS_PER_COMMAND = 4 * 1024 * 1024;

/** What became of a request; `invalid`: JSON cannot carry it. */
export type QueueOutcome = 'queued' | 'full' | 'invalid' | 'unconfirmed';

/** The way into a queue. */
export class Producing {
  constructor(private readonly parts: QueueParts) {}

  async push(request: unknown): Promise<QueueOutcome> {
    const text = textOf(request, this.parts);
    if (text === null) return 'invalid';
    const pushed = await this.#send([text]);
    if (pushed === null) return 'unconfirmed';
    return pushed === 1 ? 'queued' : 'full';
  }

  /** In as few round trips as the sizes allow; answers for each whether it is in the queue now. */
  async pushAll(requests: readonly unknown[]): Promise<boolean[]> {
    const texts = requests.map((request) => textOf(request, this.parts));
    const sendable = texts.filter((text) => text !== null);
    let left = await this.#sendFirst(sendable);
    return texts.map((text) => text !== null && left-- > 0);
  }

  /** Puts back what was taken and could not be handed out, whether or not there is room for it. */
  async restore(texts: readonly string[]): Promise<void> {
    const { guard, store, name } = this.parts;
    for (const part of partsOf(texts)) {
      await guard.run(() => store.push(name, part, Number.MAX_SAFE_INTEGER), 0);
    }
  }

  /**
   * Answers how many are in the queue. These are always the first of them: after a part for which there was not
   * room enough no other is sent, though somebody may have made room meanwhile.
   */
  async #sendFirst(texts: readonly string[]): Promise<number> {
    let sent = 0;
    for (const part of partsOf(texts)) {
      const pushed = (await this.#send(part)) ?? 0;
      sent += pushed;
      if (pushed < part.length) break;
    }
    return sent;
  }

  /** How many there was room for; `null`: unconfirmed. */
  async #send(texts: readonly string[]): Promise<number | null> {
    const { guard, store, name, maxLength, counters } = this.parts;
    let pushed = 0;
    const some = await guard.runWrite(async () => {
      pushed = await store.push(name, texts, maxLength);
      return pushed > 0;
    }, null);
    if (some === null) return null;
    if (!some) return 0;
    counters.queued += pushed;
    return pushed;
  }
}

function partsOf(texts: readonly string[]): string[][] {
  const parts: string[][] = [];
  let room = 0;
  for (const text of texts) {
    const part = parts.at(-1);
    room -= text.length;
    if (part !== undefined && room >= 0 && part.length < MAX_REQUESTS_PER_COMMAND) {
      part.push(text);
    } else {
      parts.push([text]);
      room = MAX_CHARACTERS_PER_COMMAND - text.length;
    }
  }
  return parts;
}
