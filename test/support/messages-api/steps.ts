import { EventEmitter, once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { sse } from './message.js';

/** Lets a test decide when each event of a streamed message leaves the API, and how the stream ends. */
export class Steps {
  readonly #changes = new EventEmitter().setMaxListeners(0);
  #allowed = 0;
  #sent = 0;
  #isOver = false;
  #breakOff: ((reply: ServerResponse) => Promise<void>) | undefined;

  /** The number of events that have left. */
  get sent(): number {
    return this.#sent;
  }

  /** Lets the next `count` events leave, each with a write of its own; resolves when they have left. */
  async send(count = 1): Promise<void> {
    this.#allowed += count;
    const target = this.#allowed;
    this.#changes.emit('change');
    await this.#until(() => this.#isOver || this.#sent >= target);
  }

  /** Lets all further events leave. */
  rest(): Promise<void> {
    return this.send(Infinity);
  }

  /** Sends an error of the API instead of the next event. */
  fail(type = 'overloaded_error', message = 'Overloaded'): Promise<void> {
    return this.#end((reply) => write(reply, sse({ type: 'error', error: { type, message } } as never)));
  }

  /** Ends the connection instead of sending the next event. */
  cut(): Promise<void> {
    return this.#end(async (reply) => void reply.socket?.destroy());
  }

  /** Sends these events as the test says; resolves at the end of the stream. */
  async play(reply: ServerResponse, events: readonly string[]): Promise<void> {
    for (const event of events) {
      await this.#until(() => this.#sent < this.#allowed || this.#breakOff !== undefined);
      if (this.#breakOff !== undefined) break;
      await write(reply, event);
      this.#sent += 1;
      this.#changes.emit('change');
    }
    await this.#breakOff?.(reply);
    reply.end();
    this.#isOver = true;
    this.#changes.emit('change');
  }

  async #end(breakOff: (reply: ServerResponse) => Promise<void>): Promise<void> {
    this.#breakOff = breakOff;
    this.#changes.emit('change');
    await this.#until(() => this.#isOver);
  }

  async #until(isReached: () => boolean): Promise<void> {
    while (!isReached()) await once(this.#changes, 'change');
  }
}

function write(reply: ServerResponse, text: string): Promise<void> {
  return new Promise((resolve) => reply.write(text, () => resolve()));
}
