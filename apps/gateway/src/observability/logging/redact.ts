/** What a secret or a customer's text is called where it turns up as a field. */
const SECRET_FIELDS = new Set([
  'prompt',
  'system',
  'messages',
  'content',
  'completion',
  'authorization',
  'x-api-key',
  'api_key',
  'apikey',
  'key',
  'token',
  'password',
  'cookie',
]);
const REDACTED = '[Redacted]';
const MAX_DEPTH = 5;

/** Secrets that give themselves away inside a text. */
const SECRET_TEXTS: [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+\S+/gi, `$1 ${REDACTED}`],
  [/\bsk-[\w-]{6,}/g, REDACTED],
  [/\b(\w+:\/\/[^\s:@/]*):[^\s@/]+@/g, `$1:${REDACTED}@`],
];

/** Takes keys and passwords out of a text. A prompt has no form to know it by: never put one into a line. */
export function withoutSecrets(text: string): string {
  return SECRET_TEXTS.reduce((clean, [secret, instead]) => clean.replace(secret, instead), text);
}

/** What is told of an error: never its other fields, which hold arguments of commands and bodies of answers. */
export interface LoggedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
}

/** An error as it may be logged. */
export function loggedError(error: Error & { code?: unknown }): LoggedError {
  return {
    type: error.name,
    message: withoutSecrets(error.message),
    code: typeof error.code === 'string' ? error.code : undefined,
    stack: error.stack && withoutSecrets(error.stack),
  };
}

/**
 * A value as it may be logged: secrets taken out of texts and fields. Of objects that are no plain data, such as
 * requests and sockets, only the kind is told.
 */
export function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return loggedError(value);
  if (depth === MAX_DEPTH) return '[…]';
  if (Array.isArray(value)) return value.map((item) => loggable(item, depth + 1));
  return isPlain(value) ? loggableFields(value, depth) : `[${value.constructor?.name ?? 'object'}]`;
}

/** The fields of a line, or of an object in it. */
export function loggableFields(fields: object, depth = 0): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      SECRET_FIELDS.has(name.toLowerCase()) ? REDACTED : loggable(value, depth + 1),
    ]),
  );
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
