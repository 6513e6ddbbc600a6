import type { Readable } from 'node:stream';
import { LineBuffer } from './line-buffer.js';

/** How much more may be read in lines that are not kept than is kept. */
const STREAMED_FACTOR = 64;

/** What happens with the output of a stream. */
export interface OutputOptions {
  /** Maximum size of what is kept, in bytes; the whole output may be 64 times as large. */
  maxBytes: number;
  /** Receives each complete line; a line for which it returns `true` is not kept. */
  onLine: ((line: string) => boolean) | undefined;
  onData(): void;
  /** A limit was exceeded; the stream is destroyed. */
  onOverflow(): void;
}

/** Collects the output of a stream, up to a limit. */
export class OutputCollector {
  readonly #kept: Buffer[] = [];
  readonly #lines = new LineBuffer();
  #keptBytes = 0;
  #readBytes = 0;

  constructor(
    private readonly stream: Readable,
    private readonly options: OutputOptions,
  ) {
    stream.on('data', (chunk: Buffer) => this.#take(chunk));
    // A broken pipe counts as the end of the output.
    stream.on('error', () => {});
  }

  text(): string {
    return Buffer.concat([...this.#kept, this.#lines.pending]).toString('utf8');
  }

  #take(chunk: Buffer): void {
    const { maxBytes, onLine, onData, onOverflow } = this.options;
    this.#readBytes += chunk.length;
    if (onLine) {
      this.#takeLines(chunk, onLine);
    } else {
      this.#keep(chunk);
    }
    const isTooLarge = this.#keptBytes + this.#lines.pendingBytes > maxBytes;
    if (isTooLarge || this.#readBytes > maxBytes * STREAMED_FACTOR) {
      this.stream.destroy();
      onOverflow();
    } else {
      onData();
    }
  }

  #takeLines(chunk: Buffer, onLine: (line: string) => boolean): void {
    for (const line of this.#lines.take(chunk)) {
      if (!onLine(line)) {
        this.#keep(Buffer.from(`${line}\n`));
      }
    }
  }

  #keep(bytes: Buffer): void {
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
  }
}
