import { within } from '@test/support/index.js';
import { type Gateway, jsonPost } from './start-gateway.js';

/** A Server-Sent Event; a comment has no name. */
export interface ReceivedEvent {
  readonly name: string | undefined;
  readonly data: Record<string, unknown>;
}

/** Reads the events of a response one by one, as they arrive. */
export class EventReader {
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #leave: AbortController;
  #text = '';

  private constructor(
    readonly response: Response,
    leave: AbortController,
  ) {
    this.#reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    this.#leave = leave;
  }

  /** Sends a request; resolves with the headers of its response. */
  static async post(
    { url }: Gateway,
    path: string,
    body: object,
    headers: Record<string, string> = {},
  ): Promise<EventReader> {
    const leave = new AbortController();
    const init = jsonPost(body);
    const sent = { ...init, headers: { ...init.headers, ...headers }, signal: leave.signal };
    const response = await within(fetch(url + path, sent), { what: 'the response to begin' });
    return new EventReader(response, leave);
  }

  /** The next event; `null` at the end. */
  async next(): Promise<ReceivedEvent | null> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end >= 0) {
        const event = this.#text.slice(0, end);
        this.#text = this.#text.slice(end + 2);
        return parse(event);
      }
      const { value, done } = await within(this.#reader.read(), { what: 'the next event' });
      if (done) return null;
      this.#text += value;
    }
  }

  /** The next `count` events. */
  async take(count: number): Promise<(ReceivedEvent | null)[]> {
    const events: (ReceivedEvent | null)[] = [];
    while (events.length < count) events.push(await this.next());
    return events;
  }

  /** All further events. */
  async rest(): Promise<ReceivedEvent[]> {
    const events: ReceivedEvent[] = [];
    for (let event = await this.next(); event !== null; event = await this.next()) events.push(event);
    return events;
  }

  /** Disconnects. */
  leave(): void {
    this.#leave.abort();
  }
}

function parse(text: string): ReceivedEvent {
  const name = /^event: (.*)$/m.exec(text)?.[1];
  const data = /^data: (.*)$/m.exec(text)?.[1] ?? '{}';
  return { name, data: JSON.parse(data) as Record<string, unknown> };
}

/** The text that an event of `/v1/messages` or `/v1/completions` adds. */
export function textOf(event: ReceivedEvent | null): string {
  const { text, delta } = (event?.data ?? {}) as { text?: string; delta?: { text?: string } };
  return text ?? delta?.text ?? '';
}

/** The text of all events. */
export function textsOf(events: readonly (ReceivedEvent | null)[]): string {
  return events.map(textOf).join('');
}
