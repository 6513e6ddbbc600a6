/** Names of fields that contain secrets or customers' texts. */
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

/** Secrets that a text may contain, recognized by their form. */
const SECRET_TEXTS: [RegExp, string][] = [
  [/\b(Bearer|Basic)\s+\S+/gi, `$1 ${REDACTED}`],
  [/\bsk-[\w-]{6,}/g, REDACTED],
  [/\b(\w+:\/\/[^\s:@/]*):[^\s@/]+@/g, `$1:${REDACTED}@`],
];

/** Removes keys and passwords from a text. A prompt has no recognizable form: never log one. */
export function withoutSecrets(text: string): string {
  return SECRET_TEXTS.reduce((clean, [secret, instead]) => clean.replace(secret, instead), text);
}

/** The logged part of an error. Its other fields may contain arguments of commands and bodies of responses. */
export interface LoggedError {
  type: string;
  message: string;
  code?: string;
  stack?: string;
}

/** Reduces an error to what may be logged. */
export function loggedError(error: Error & { code?: unknown }): LoggedError {
  return {
    type: error.name,
    message: withoutSecrets(error.message),
    code: typeof error.code === 'string' ? error.code : undefined,
    stack: error.stack && withoutSecrets(error.stack),
  };
}

/**
 * Reduces a value to what may be logged: secrets are removed from texts and fields. Objects that are not plain data, such
 * as requests and sockets, are replaced by the name of their class.
 */
export function loggable(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return withoutSecrets(value);
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return loggedError(value);
  if (depth === MAX_DEPTH) return '[…]';
  if (Array.isArray(value)) return value.map((item) => loggable(item, depth + 1));
  return isPlain(value) ? loggableFields(value, depth) : `[${value.constructor?.name ?? 'object'}]`;
}

/** Reduces the fields of a line, or of an object in it. */
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
