/** A value as JSON, or why it has none. */
export type JsonText = { json: string } | { problem: string };

/**
 * Writes a value as JSON. What JSON leaves out inside a value (`undefined`, functions, symbols) or
 * turns into `null` (`NaN`, infinities) is JSON's business; a value that as a whole has no JSON is a
 * problem. Never throws, whatever a `toJSON` of the value does.
 */
export function toJson(value: unknown): JsonText {
  try {
    const json = JSON.stringify(value) as string | undefined;
    return json === undefined ? { problem: `JSON has no form for a ${typeof value}` } : { json };
  } catch (error) {
    return { problem: firstLine(error) || 'its toJSON failed' };
  }
}

// What a toJSON throws may be anything, also something that cannot be made into a text.
function firstLine(error: unknown): string {
  const text: unknown = error instanceof Error ? error.message : error;
  return typeof text === 'string' ? text.split('\n', 1)[0]! : '';
}
