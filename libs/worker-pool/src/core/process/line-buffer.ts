const NEWLINE = 0x0a;

/** Joins bytes to lines of UTF-8 text; a line may arrive in any number of parts. */
export class LineBuffer {
  readonly #parts: Buffer[] = [];
  #pendingBytes = 0;

  /** Size of the line in progress. */
  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** The line in progress. */
  get pending(): Buffer {
    return Buffer.concat(this.#parts);
  }

  /** Takes the next bytes and returns the lines that they complete. */
  take(bytes: Buffer): string[] {
    const end = bytes.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.#keep(bytes);
      return [];
    }
    const text = Buffer.concat([...this.#parts.splice(0), bytes.subarray(0, end)]).toString();
    this.#pendingBytes = 0;
    this.#keep(bytes.subarray(end + 1));
    return text.split('\n');
  }

  #keep(bytes: Buffer): void {
    if (bytes.length > 0) {
      this.#parts.push(bytes);
      this.#pendingBytes += bytes.length;
    }
  }
}
