import { Readable } from 'node:stream';
import type { LiveSnapshot } from './live-snapshot.js';

const TICK_MS = 1_000;
/** Says that the connection lives, where there is nothing new. */
const HEARTBEAT = ': beat\n\n';
/** A listener that does not read is sent nothing more until it has. */
const MAX_UNREAD_BYTES = 64 * 1024;

/**
 * Sends snapshots to all who listen, as Server-Sent Events: one timer and one snapshot a second for all of
 * them, and neither while nobody listens. A heartbeat instead where nothing has changed.
 */
export class LiveFeed {
  readonly #listeners = new Set<Readable>();
  #timer: NodeJS.Timeout | undefined;
  /** Those that did not read in time, and so do not know the latest. */
  readonly #behind = new WeakSet<Readable>();
  #last = '';
  #taking = false;
  #closed = false;

  constructor(private readonly take: () => Promise<LiveSnapshot>) {}

  /** How many listen. */
  get size(): number {
    return this.#listeners.size;
  }

  /** A stream of events that begins with how things are, and goes on until its reader leaves. */
  listen(): Readable {
    const listener = new Readable({ read: () => {}, highWaterMark: MAX_UNREAD_BYTES });
    if (this.#closed) listener.push(null);
    else this.#add(listener);
    return listener;
  }

  /** Ends all streams. */
  close(): void {
    this.#closed = true;
    for (const listener of this.#listeners) listener.push(null);
    this.#listeners.clear();
    clearInterval(this.#timer);
  }

  #add(listener: Readable): void {
    this.#listeners.add(listener);
    listener.once('close', () => this.#remove(listener));
    void this.#greet(listener);
    this.#timer ??= setInterval(() => void this.#tick(), TICK_MS).unref();
  }

  #remove(listener: Readable): void {
    this.#listeners.delete(listener);
    if (this.#listeners.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  async #greet(listener: Readable): Promise<void> {
    const event = eventOf(await this.take());
    if (this.#listeners.has(listener)) listener.push(event);
  }

  async #tick(): Promise<void> {
    // Redis may let the one before wait.
    if (this.#taking) return this.#send(HEARTBEAT);
    this.#taking = true;
    const event = eventOf(await this.take());
    this.#taking = false;
    const hasChanged = event !== this.#last;
    this.#last = event;
    this.#send(hasChanged ? event : HEARTBEAT);
  }

  #send(text: string): void {
    for (const listener of this.#listeners) {
      if (listener.readableLength >= MAX_UNREAD_BYTES) this.#behind.add(listener);
      else listener.push(this.#behind.delete(listener) ? this.#last : text);
    }
  }
}

function eventOf(snapshot: LiveSnapshot): string {
  return `event: snapshot\ndata: ${JSON.stringify(snapshot)}\n\n`;
}
