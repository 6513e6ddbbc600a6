import type { QueueParts } from './queue-parts.js';
import { textOf } from './request-text.js';

/** The way into a queue. */
export class Producing {
  constructor(private readonly parts: QueueParts) {}

  async push(request: unknown): Promise<boolean> {
    const text = textOf(request, this.parts);
    return text !== null && (await this.#send([text])) === 1;
  }

  /** In one round trip; answers for each whether it is in the queue now. */
  async pushAll(requests: readonly unknown[]): Promise<boolean[]> {
    const texts = requests.map((request) => textOf(request, this.parts));
    const sendable = texts.filter((text) => text !== null);
    let left = sendable.length === 0 ? 0 : await this.#send(sendable);
    return texts.map((text) => text !== null && left-- > 0);
  }

  /** Puts back what was taken and could not be handed out, whether or not there is room for it. */
  async restore(texts: readonly string[]): Promise<void> {
    const { guard, store, name } = this.parts;
    await guard.run(() => store.push(name, texts, Number.MAX_SAFE_INTEGER), 0);
  }

  async #send(texts: readonly string[]): Promise<number> {
    const { guard, store, name, maxLength, counters } = this.parts;
    let pushed = 0;
    const some = await guard.runWrite(async () => {
      pushed = await store.push(name, texts, maxLength);
      return pushed > 0;
    }, false);
    if (!some) return 0;
    counters.queued += pushed;
    return pushed;
  }
}
