import { z } from 'zod';
import { nearestOption, unknownOption } from './unknown-option.js';

/** What is wrong with an option: a sentence that begins with the path. */
export interface OptionProblem {
  path: string;
  problem: string;
}

/**
 * Validates options and fills in the defaults.
 *
 * @param refuse makes the library's own error. `path` is the first wrong option, and `problem` continues with all others,
 * each on a line of its own. Values are never repeated.
 */
export function checkOptions<Schema extends z.ZodType>(
  schema: Schema,
  options: unknown,
  refuse: (path: string, problem: string) => Error,
): z.output<Schema> {
  const result = schema.safeParse(options);
  if (result.success) return result.data;
  throw refused(problemsOf(schema, options, result.error.issues), refuse);
}

/** Returns the library's own error for all problems, of which there is at least one. */
export function refused(
  [first, ...others]: readonly OptionProblem[],
  refuse: (path: string, problem: string) => Error,
): Error {
  const lines = others.map(({ path, problem }) => `${path} ${problem}`);
  return refuse(first!.path, [first!.problem, ...lines].join('\n'));
}

/** Returns one problem for each option that is wrong. */
export function problemsOf(
  schema: z.core.$ZodType,
  input: unknown,
  issues: readonly z.core.$ZodIssue[],
): OptionProblem[] {
  const problems = new Map<string, string>();
  for (const { path, problem } of issues.flatMap((issue) => describe(schema, input, issue))) {
    if (!problems.has(path)) problems.set(path, problem);
  }
  return [...problems].map(([path, problem]) => ({ path, problem }));
}

function describe(schema: z.core.$ZodType, input: unknown, issue: z.core.$ZodIssue): OptionProblem[] {
  const path = issue.path.map(String);
  if (issue.code !== 'unrecognized_keys') {
    return [{ path: path.join('.') || 'options', problem: problemOf(schema, input, issue) }];
  }
  const known = Object.keys(shapeOf(schemaAt(schema, path)) ?? {});
  return issue.keys.map((key) => {
    const elsewhere = pathsOf(schema).filter((option) => option.endsWith(`.${key}`));
    const near = nearestOption(key, known);
    const suggestion = elsewhere.join(' or ') || (near && [...path, near].join('.'));
    return { path: [...path, key].join('.'), problem: unknownOption(suggestion) };
  });
}

// Our own messages complete the sentence; those of zod begin with a capital letter.
function problemOf(
  schema: z.core.$ZodType,
  input: unknown,
  { code, message, path }: z.core.$ZodIssue,
): string {
  if (!/^[A-Z]/.test(message)) return message;
  const expected = expectedBy(schemaAt(schema, path.map(String)));
  if (expected === undefined) return `is invalid: ${message}`;
  return code === 'invalid_type' ? `must be ${expected}, not ${kindOf(input, path)}` : `must be ${expected}`;
}

/** Returns what a value of the schema is, such as `a whole number from 1 to 10`. */
function expectedBy(schema: z.core.$ZodType | undefined): string | undefined {
  if (schema instanceof z.ZodNumber) return `a ${schema.isInt ? 'whole ' : ''}number${rangeOf(schema)}`;
  if (schema instanceof z.ZodString) return `a string${lengthOf(schema)}`;
  if (schema instanceof z.ZodBoolean) return 'true or false';
  if (schema instanceof z.ZodEnum)
    return `one of ${schema.options.map((option) => `'${option}'`).join(', ')}`;
  if (schema instanceof z.ZodLiteral)
    return [...schema.values].map((value) => `'${String(value)}'`).join(' or ');
  return schema instanceof z.ZodObject ? 'an object' : undefined;
}

const countOf = (value: number): string => value.toLocaleString('en', { maximumFractionDigits: 3 });

function rangeOf(schema: z.ZodNumber): string {
  const [min, max] = [schema.minValue, schema.maxValue].map((limit) =>
    isLimit(limit) ? countOf(limit) : undefined,
  );
  const isAllowed = schema.safeParse(schema.minValue).success;
  if (min === undefined) return max === undefined ? '' : ` of at most ${max}`;
  if (max === undefined) return isAllowed ? ` of at least ${min}` : ` above ${min}`;
  return isAllowed ? ` from ${min} to ${max}` : ` above ${min}, up to ${max}`;
}

/** A number without a limit has those of its type. */
function isLimit(value: number | null): value is number {
  return value !== null && Number.isFinite(value) && Math.abs(value) !== Number.MAX_SAFE_INTEGER;
}

function lengthOf({ minLength, maxLength }: z.ZodString): string {
  if (maxLength !== null) return ` of ${minLength ?? 0} to ${countOf(maxLength)} characters`;
  return minLength === null ? '' : ' that is not empty';
}

function kindOf(input: unknown, path: readonly PropertyKey[]): string {
  const value = path.reduce<unknown>((parent, key) => (parent as Record<PropertyKey, unknown>)[key], input);
  if (value === undefined || value === null || Number.isNaN(value)) return String(value);
  if (Array.isArray(value)) return 'an array';
  if (value === Infinity || value === -Infinity) return 'infinite';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'a fraction';
  return `${typeof value === 'object' ? 'an' : 'a'} ${typeof value}`;
}

type Wrapper = { innerType?: z.core.$ZodType; in?: z.core.$ZodType };

/** Removes what `optional()`, `default()` and the like have put around a schema. */
function unwrap(schema: z.core.$ZodType | undefined): z.core.$ZodType | undefined {
  const { innerType, in: input } = (schema?._zod.def ?? {}) as Wrapper;
  const inner = innerType ?? input;
  return inner === undefined ? schema : unwrap(inner);
}

function shapeOf(schema: z.core.$ZodType | undefined): Readonly<z.core.$ZodShape> | undefined {
  const unwrapped = unwrap(schema);
  return unwrapped instanceof z.ZodObject ? unwrapped.shape : undefined;
}

function schemaAt(schema: z.core.$ZodType, path: readonly string[]): z.core.$ZodType | undefined {
  return path.reduce<z.core.$ZodType | undefined>((parent, key) => {
    const unwrapped = unwrap(parent);
    return unwrapped instanceof z.ZodArray ? unwrap(unwrapped.element) : unwrap(shapeOf(unwrapped)?.[key]);
  }, unwrap(schema));
}

/** Returns the path of every option, such as `connection.host`. */
function pathsOf(schema: z.core.$ZodType, parents: readonly string[] = []): string[] {
  return Object.entries(shapeOf(schema) ?? {}).flatMap(([key, field]) => {
    const path = [...parents, key];
    return [path.join('.')].concat(pathsOf(field, path));
  });
}
