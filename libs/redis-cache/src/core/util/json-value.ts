import { isTooDeep, TOO_DEEP } from 'nestjs-redis-connection';

/** A value as JSON, or why it has none. */
export type JsonText = { json: string } | { problem: string };

/**
 * Writes a value as JSON. JSON itself decides what it omits inside a value (`undefined`, functions, symbols) or turns
 * into `null` (`NaN`, infinities); a value that has no JSON as a whole is a problem, and so is one that is nested more
 * than `MAX_NESTING` levels deep. Never throws, whatever a `toJSON` of the value does.
 */
export function toJson(value: unknown): JsonText {
  try {
    const json = JSON.stringify(value) as string | undefined;
    if (json === undefined) return { problem: `JSON has no form for a ${typeof value}` };
    return isTooDeep(json) ? { problem: `it ${TOO_DEEP}` } : { json };
  } catch (error) {
    return { problem: firstLine(error) || 'its toJSON failed' };
  }
}

// A toJSON may throw anything, even a value that cannot be converted to a string.
function firstLine(error: unknown): string {
  const text: unknown = error instanceof Error ? error.message : error;
  return typeof text === 'string' ? text.split('\n', 1)[0]! : '';
}

/**
 * Freezes plain objects and arrays all the way down: one of the callers that share a value must not change it. Other
 * objects (class instances, buffers) are left alone. Never throws: a value that cannot be frozen is returned as it is.
 */
export function deepFreeze<T>(value: T): T {
  try {
    freezeAll(value);
  } catch {
    // A getter or a proxy of the value threw.
  }
  return value;
}

// With a list of its own: recursion overflows the stack at some ten thousand levels.
function freezeAll(root: unknown): void {
  const pending = [root];
  const alreadyFrozen = new Set<unknown>();
  while (pending.length > 0) {
    const value = pending.pop();
    if (!isContainer(value) || alreadyFrozen.has(value)) continue;
    if (Object.isFrozen(value)) alreadyFrozen.add(value);
    else Object.freeze(value);
    for (const name of Object.keys(value)) pending.push(value[name]);
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
