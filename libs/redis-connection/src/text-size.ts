/**
 * Whether the texts of a plain value have more than `most` characters, so that its JSON takes more bytes. Writing it only
 * to measure it would take longer. Objects that write their own JSON are not looked into. Never throws.
 */
export function hasMoreText(value: unknown, most: number): boolean {
  try {
    return hasMore(value, most);
  } catch {
    // A getter or a proxy threw, which writing it as JSON will report.
    return false;
  }
}

function hasMore(root: unknown, most: number): boolean {
  const pending = [root];
  // A circular structure has no end.
  const visited = new Set<unknown>();
  let chars = 0;
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value === 'string') {
      chars += value.length;
      if (chars > most) return true;
    } else if (isPlain(value) && !visited.has(value)) {
      visited.add(value);
      for (const item of Object.values(value)) {
        if (typeof item === 'string' || typeof item === 'object') pending.push(item);
      }
    }
  }
  return false;
}

function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
