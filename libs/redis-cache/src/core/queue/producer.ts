import type { QueueContext } from './queue-core.js';
import { encodeRequest } from './request-codec.js';

/** Limit of one command: Redis serves no other client while a script runs. */
const MAX_REQUESTS_PER_COMMAND = 1_000;
/** Limit of one command in characters; a single request may exceed it. */
const MAX_CHARACTERS_PER_COMMAND = 4 * 1024 * 1024;

/**
 * - `queued`: the request is in the queue
 * - `full`: `queue.maxLength` requests wait, or the request does not fit into `queue.maxBytes`
 * - `invalid`: JSON cannot carry the request
 * - `unconfirmed`: Redis is unavailable or refuses writes
 */
export type QueueOutcome = 'queued' | 'full' | 'invalid' | 'unconfirmed';

/** Appends requests to a queue. */
export class Producer {
  constructor(private readonly context: QueueContext) {}

  async push(request: unknown): Promise<QueueOutcome> {
    const text = encodeRequest(request, this.context);
    if (text === null) return 'invalid';
    const pushed = await this.#push([text]);
    if (pushed === null) return 'unconfirmed';
    return pushed === 1 ? 'queued' : 'full';
  }

  /** Sends the requests in as few commands as the limits allow. Returns for each whether it is in the queue. */
  async pushAll(requests: readonly unknown[]): Promise<boolean[]> {
    const texts = requests.map((request, index) =>
      encodeRequest(request, this.context, `requests[${index}]`),
    );
    let pushed = await this.#pushInOrder(texts.filter((text) => text !== null));
    return texts.map((text) => text !== null && pushed-- > 0);
  }

  /** Puts requests back that were removed but never delivered, even when the queue is full. */
  async restore(texts: readonly string[]): Promise<void> {
    const { guard, store, name } = this.context;
    for (const chunk of chunksOf(texts)) {
      await guard.run(() => store.push(name, chunk, Number.MAX_SAFE_INTEGER), 0);
    }
  }

  /**
   * Returns how many requests were queued, which are always the first ones: after a chunk that did not fit as a
   * whole it sends no other, even if consumers have made room since.
   */
  async #pushInOrder(texts: readonly string[]): Promise<number> {
    let total = 0;
    for (const chunk of chunksOf(texts)) {
      const pushed = (await this.#push(chunk)) ?? 0;
      total += pushed;
      if (pushed < chunk.length) break;
    }
    return total;
  }

  /** How many were queued; `null` when Redis has not confirmed it. */
  async #push(texts: readonly string[]): Promise<number | null> {
    const { guard, store, name, maxLength, maxBytes, counters, evictions } = this.context;
    let pushed = 0;
    const wrote = await guard.runWrite(async () => {
      pushed = await store.push(name, texts, maxLength, maxBytes);
      return pushed > 0;
    }, null);
    if (wrote === null) return null;
    evictions.noteUse();
    if (!wrote) return 0;
    counters.queued += pushed;
    return pushed;
  }
}

function chunksOf(texts: readonly string[]): string[][] {
  const chunks: string[][] = [];
  let room = 0;
  for (const text of texts) {
    const chunk = chunks.at(-1);
    room -= text.length;
    if (chunk !== undefined && room >= 0 && chunk.length < MAX_REQUESTS_PER_COMMAND) {
      chunk.push(text);
    } else {
      chunks.push([text]);
      room = MAX_CHARACTERS_PER_COMMAND - text.length;
    }
  }
  return chunks;
}
