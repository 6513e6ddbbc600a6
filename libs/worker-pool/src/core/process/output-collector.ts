import type { Readable } from 'node:stream';

/** What happens while a stream is read. */
export interface OutputEvents {
  onData(): void;
  /** More came than may be kept; nothing more is read. */
  onOverflow(): void;
}

/** Keeps what a stream delivers, up to a limit. */
export class OutputCollector {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(
    private readonly stream: Readable,
    private readonly maxBytes: number,
    private readonly events: OutputEvents,
  ) {
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    // A pipe that breaks has ended; what came before it counts.
    stream.on('error', () => {});
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }

  #take(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.maxBytes) {
      this.stream.destroy();
      this.events.onOverflow();
      return;
    }
    this.#chunks.push(chunk);
    this.events.onData();
  }
}
