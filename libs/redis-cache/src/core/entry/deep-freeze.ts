/**
 * Freezes plain objects and arrays all the way down: a value that several callers share must not be
 * changed by one of them. Anything else (class instances, buffers) is left alone. Never throws: a value
 * that will not be frozen is still the value.
 */
export function deepFreeze<T>(value: T): T {
  try {
    freezeAll(value);
  } catch {
    // A getter or a proxy of the value refused.
  }
  return value;
}

// With a list of its own instead of recursion, which ends at some ten thousand levels.
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
