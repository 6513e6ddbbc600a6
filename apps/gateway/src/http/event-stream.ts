import { Readable } from 'node:stream';

/** Media type of Server-Sent Events. */
export const EVENTS_TYPE = 'text/event-stream; charset=utf-8';

/** Headers of a response that consists of events, as names and values in turn. A proxy that buffers would delay them. */
export const STREAM_HEADERS: readonly string[] = [
  'Content-Type',
  EVENTS_TYPE,
  'Cache-Control',
  'no-cache',
  'X-Accel-Buffering',
  'no',
];

/** Renders one Server-Sent Event. `data` is sent as JSON, which contains no line break. */
export function serverSentEvent(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

export interface EventStreamOptions<Piece> {
  /** The pieces. A promise may still be pending: pings are sent until it is settled. */
  pieces: AsyncIterable<Piece> | Promise<AsyncIterable<Piece>>;
  /** Renders a piece; an empty text is not sent. */
  render: (piece: Piece) => string;
  /** Renders the failure with which the pieces end. */
  renderError: (error: unknown) => string;
  /** Text that keeps the connection alive. */
  ping: string;
  /** Longest silence before a ping, in milliseconds. */
  pingMs: number;
}

/**
 * Sends pieces as Server-Sent Events, each as soon as it is there. It takes the next piece only when the client has
 * room for it, so that a slow client needs no memory here. A failure becomes the last event, because the status is
 * already sent. When the client disconnects the pieces are left.
 */
export class EventStream<Piece> extends Readable {
  readonly #options: EventStreamOptions<Piece>;
  #iterator: AsyncIterator<Piece> | undefined;
  #isPulling = false;
  readonly #timer: NodeJS.Timeout;

  constructor(options: EventStreamOptions<Piece>) {
    super();
    this.#options = options;
    // The response may end before its pieces are awaited.
    if (options.pieces instanceof Promise) options.pieces.catch(() => {});
    this.#timer = setTimeout(() => this.ping(), options.pingMs);
  }

  /** Sends a ping, unless the client has yet to read something. */
  ping(): void {
    if (this.readableLength === 0) this.push(this.#options.ping);
    this.#timer.refresh();
  }

  override _read(): void {
    if (!this.#isPulling) void this.#pull();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer);
    this.#leave();
    callback(error);
  }

  async #pull(): Promise<void> {
    this.#isPulling = true;
    try {
      this.#iterator ??= (await this.#options.pieces)[Symbol.asyncIterator]();
      if (this.destroyed) return this.#leave();
      while (await this.#sendNext(this.#iterator)) {}
    } catch (error) {
      this.#end(this.#options.renderError(error));
    } finally {
      this.#isPulling = false;
    }
  }

  /** Sends the next piece; returns whether there is room for another one. */
  async #sendNext(iterator: AsyncIterator<Piece>): Promise<boolean> {
    const { done, value } = await iterator.next();
    if (this.destroyed) return false;
    if (done) {
      this.#end('');
      return false;
    }
    const text = this.#options.render(value as Piece);
    if (text === '') return true;
    this.#timer.refresh();
    return this.push(text);
  }

  #end(text: string): void {
    clearTimeout(this.#timer);
    if (this.destroyed) return;
    if (text !== '') this.push(text);
    this.push(null);
  }

  #leave(): void {
    this.#iterator?.return?.()?.catch(() => {});
  }
}
