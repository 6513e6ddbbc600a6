const NEWLINE = 0x0a;

/** Joins bytes to lines of UTF-8 text; a line may arrive in any number of parts. */
export class EventLines {
  readonly #parts: Buffer[] = [];

  /** Takes the next bytes and returns the lines that they complete. */
  take(bytes: Buffer): string[] {
    const end = bytes.lastIndexOf(NEWLINE);
    if (end < 0) {
      this.#parts.push(bytes);
      return [];
    }
    const text = Buffer.concat([...this.#parts.splice(0), bytes.subarray(0, end)]).toString();
    this.#parts.push(bytes.subarray(end + 1));
    return text.split('\n');
  }
}
