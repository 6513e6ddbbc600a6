/** That JSON makes something else of a value. */
export interface JsonChange {
  /** What is lost, such as `a Date`; `undefined` if it is little: a member that is `undefined`, the sign of -0. */
  readonly loss: string | undefined;
}

const SLIGHT: JsonChange = { loss: undefined };
const MAX_NAME_LENGTH = 60;

/**
 * Whether `JSON.parse` returns something else than the value that `JSON.stringify` was given, which must be a value
 * that JSON can carry. Reads each member once and creates no text. Never throws.
 */
export function jsonChange(value: unknown): JsonChange | undefined {
  try {
    return changeIn(value);
  } catch {
    // A getter or a proxy threw, which it did not for JSON.
    return SLIGHT;
  }
}

// With a list of its own, as in `deepFreeze`.
function changeIn(root: unknown): JsonChange | undefined {
  const pending = [root];
  let change: JsonChange | undefined;
  while (pending.length > 0) {
    const value = pending.pop();
    const found = typeof value === 'object' && value !== null ? ofObject(value, pending) : ofPrimitive(value);
    if (found?.loss !== undefined) return found;
    change ??= found;
  }
  return change;
}

function ofPrimitive(value: unknown): JsonChange | undefined {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return undefined;
  if (value === undefined || Object.is(value, -0)) return SLIGHT;
  if (typeof value !== 'number') return { loss: `a ${typeof value}` };
  return Number.isFinite(value) ? undefined : { loss: String(value) };
}

function ofObject(value: object, pending: unknown[]): JsonChange | undefined {
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') return { loss: nameOf(value) };
  const prototype: unknown = Object.getPrototypeOf(value);
  const names = Object.keys(value);
  for (const name of names) pending.push((value as Record<string, unknown>)[name]);
  if (!Array.isArray(value)) {
    if (prototype === Object.prototype) return undefined;
    return prototype === null ? SLIGHT : { loss: nameOf(value) };
  }
  if (prototype !== Array.prototype) return { loss: nameOf(value) };
  return names.length === value.length ? undefined : { loss: 'an array with holes or names' };
}

function nameOf(value: object): string {
  const { name } = Object(value.constructor) as { name?: unknown };
  return typeof name === 'string' && name !== '' && name !== 'Object'
    ? `an instance of ${name.slice(0, MAX_NAME_LENGTH)}`
    : 'an object that is not plain';
}
