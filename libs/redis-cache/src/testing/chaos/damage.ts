import type { Random } from './random.js';

/**
 * Damages what was read: bytes and texts lose their end, or have one bit or character changed; in lists each
 * element is damaged, in objects each field but `state` and `id`, which are the backend's own words. What cannot be
 * damaged (`null`, booleans, numbers) stays.
 */
export function damage<T>(value: T, random: Random): T {
  return damaged(value, random) as T;
}

const OWN_WORDS: ReadonlySet<string> = new Set(['state', 'id']);

function damaged(value: unknown, random: Random): unknown {
  if (Buffer.isBuffer(value)) return damagedBytes(value, random);
  if (typeof value === 'string') return damagedText(value, random);
  if (Array.isArray(value)) return value.map((element) => damaged(element, random));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => [
      name,
      OWN_WORDS.has(name) ? field : damaged(field, random),
    ]),
  );
}

function damagedBytes(bytes: Buffer, random: Random): Buffer {
  if (random() < 0.5) return Buffer.from(bytes.subarray(0, below(bytes.length, random)));
  // A copy: the backend's own bytes are none of ours.
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
