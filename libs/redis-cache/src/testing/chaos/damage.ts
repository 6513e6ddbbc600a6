/**
 * Returns a damaged copy of data: bytes and strings are truncated, or have one bit or character changed; in arrays
 * each element is damaged, in objects each field except `state`, `id` and `kind`, which the backend itself sets. Values that
 * cannot be damaged (`null`, booleans, numbers) are kept.
 */
export function damage<T>(value: T, random: Random): T {
  return damaged(value, random) as T;
}

const BACKEND_FIELDS: ReadonlySet<string> = new Set(['state', 'id', 'kind']);

function damaged(value: unknown, random: Random): unknown {
  if (Buffer.isBuffer(value)) return damagedBytes(value, random);
  if (typeof value === 'string') return damagedText(value, random);
  if (Array.isArray(value)) return value.map((element) => damaged(element, random));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      BACKEND_FIELDS.has(name) ? field : damaged(field, random),
    ]),
  );
}

function damagedBytes(bytes: Buffer, random: Random): Buffer {
  if (random() < 0.5) return Buffer.from(bytes.subarray(0, below(bytes.length, random)));
  // A copy, because the backend still owns the original bytes.
  const copy = Buffer.from(bytes);
  const at = below(copy.length, random);
  if (copy.length > 0) copy[at]! ^= 1 << below(8, random);
  return copy;
}

function damagedText(text: string, random: Random): string {
  const at = below(text.length, random);
  if (random() < 0.5) return text.slice(0, at);
  const character = String.fromCharCode(text.charCodeAt(at) ^ (1 << below(7, random)));
  return text === '' ? text : text.slice(0, at) + character + text.slice(at + 1);
}

function below(limit: number, random: Random): number {
  return Math.floor(random() * limit);
}

/** Returns numbers from 0 (inclusive) to 1 (exclusive), the same sequence for the same seed. */
export type Random = () => number;

/** Mulberry32 (Tommy Ettinger, public domain): 32 bits of state, good enough to choose faults. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
