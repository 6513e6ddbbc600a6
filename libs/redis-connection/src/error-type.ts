const IDENTIFIER = /^[\w.-]{1,64}$/;

/** Code of an error, or its class; never a text that may contain a key or a value. */
export function errorType(error: unknown): string {
  const { code, name } = Object(error) as { code?: unknown; name?: unknown };
  const found = [code, name].find((text) => typeof text === 'string' && IDENTIFIER.test(text));
  return (found as string | undefined) ?? 'Error';
}
