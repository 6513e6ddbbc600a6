/** Whether the texts together take at most `maxBytes` in UTF-8. Counts bytes only if their lengths do not decide. */
export function fitsIn(maxBytes: number, texts: readonly string[]): boolean {
  // A UTF-16 code unit takes one to three bytes.
  const units = sum(texts, ({ length }) => length);
  if (units > maxBytes || units * 3 <= maxBytes) return units <= maxBytes;
  return sum(texts, (text) => Buffer.byteLength(text)) <= maxBytes;
}

function sum(texts: readonly string[], sizeOf: (text: string) => number): number {
  return texts.reduce((size, text) => size + sizeOf(text), 0);
}
