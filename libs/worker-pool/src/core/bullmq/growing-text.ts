const FIRST_CAPACITY = 4_096;

/** UTF-8 text that only grows. */
export class GrowingText {
  #bytes = Buffer.allocUnsafe(FIRST_CAPACITY);
  #length = 0;

  /** In bytes. */
  get length(): number {
    return this.#length;
  }

  append(text: string): void {
    const length = Buffer.byteLength(text);
    this.#reserve(this.#length + length);
    this.#bytes.write(text, this.#length);
    this.#length += length;
  }

  /** At most `maxBytes` bytes from this offset on. They stay valid: bytes never change. */
  slice(from: number, maxBytes: number): Buffer {
    return this.#bytes.subarray(from, Math.min(this.#length, from + maxBytes));
  }

  #reserve(capacity: number): void {
    if (capacity > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(capacity, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
  }
}
