const codeOf = (character: string): number => character.charCodeAt(0);
const [QUOTE, BACKSLASH, COMMA] = [codeOf('"'), codeOf('\\'), codeOf(',')];
const [OPEN_ARRAY, OPEN_OBJECT, CLOSE_ARRAY, CLOSE_OBJECT] = [
  codeOf('['),
  codeOf('{'),
  codeOf(']'),
  codeOf('}'),
];

/** Counts the values in JSON text that comes in parts: one per bracket that opens and per comma, outside strings. */
export class ValueCounter {
  #count = 0;
  #depth = 0;
  #maxDepth = 0;
  /** Bytes of the previous parts. */
  #offset = 0;
  #stringStart = 0;
  #isInString = false;
  /** Whether the last byte of the previous part was an unpaired backslash. */
  #isEscaped = false;

  /** @param onString is called with the start of each string, its quote, and the end behind its last quote */
  constructor(private readonly onString: (start: number, end: number) => void = () => {}) {}

  /** The most levels of objects and arrays so far. */
  get maxDepth(): number {
    return this.#maxDepth;
  }

  /** Whether the parts so far end within a string. */
  get isInString(): boolean {
    return this.#isInString;
  }

  /** Returns the count up to the end of this part. */
  add(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length) {
      at = this.#isInString ? this.#skipString(bytes, at) : this.#countUntilString(bytes, at);
    }
    this.#offset += bytes.length;
    return this.#count;
  }

  #countUntilString(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === COMMA) this.#count += 1;
      else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) this.#open();
      else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) this.#depth -= 1;
      else if (byte === QUOTE) {
        this.#isInString = true;
        this.#stringStart = this.#offset + at;
        return at + 1;
      }
    }
    return bytes.length;
  }

  #open(): void {
    this.#count += 1;
    this.#depth += 1;
    if (this.#depth > this.#maxDepth) this.#maxDepth = this.#depth;
  }

  /** Finds quotes natively: strings are the most part of a large body. */
  #skipString(bytes: Buffer, from: number): number {
    const quote = bytes.indexOf(QUOTE, from);
    const end = quote === -1 ? bytes.length : quote;
    const isEscaped = this.#endsEscaped(bytes, from, end);
    if (quote === -1) {
      this.#isEscaped = isEscaped;
      return bytes.length;
    }
    this.#isEscaped = false;
    this.#isInString = isEscaped;
    if (!isEscaped) this.onString(this.#stringStart, this.#offset + quote + 1);
    return quote + 1;
  }

  /** Whether an odd number of backslashes precedes `end`. */
  #endsEscaped(bytes: Buffer, from: number, end: number): boolean {
    let first = end;
    while (first > from && bytes[first - 1] === BACKSLASH) first -= 1;
    const isOdd = (end - first) % 2 === 1;
    return first === from && this.#isEscaped ? !isOdd : isOdd;
  }
}
