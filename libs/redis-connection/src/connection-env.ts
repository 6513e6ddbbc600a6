import { z } from 'zod';
import type { NodeAddress } from './connection-options.js';
import { type OptionProblem, problemsOf, refused } from './option-problems.js';
import type { OptionsOf } from './option-schema.js';

/** The environment variable of an option. */
export interface Variable {
  name: string;
  /** Converts the text of the variable; `undefined` if it does not have the `format`. Default: takes the text. */
  parse?: (text: string) => unknown;
  /** Completes "must be …". */
  format?: string;
  /** Returns the problem of a text that is known to be wrong, in words of its own. */
  hint?: (text: string) => string | undefined;
}

/** The schemas of the options that an environment variable can set: `schema.register(variables, { name })`. */
export const variables = z.registry<Variable>();

/** Reads the options of {@link variables}. An empty variable counts as absent. */
export class EnvReader {
  /** What is wrong so far, by the names of the variables. Values are never repeated. */
  readonly problems: OptionProblem[] = [];

  /** @param lookup returns the value of a variable */
  constructor(private readonly lookup: (name: string) => unknown) {}

  /** Throws what `refuse` makes of all problems, if there are any. */
  check(refuse: (path: string, problem: string) => Error): void {
    if (this.problems.length > 0) throw refused(this.problems, refuse);
  }

  /** Returns the options of `shape` that are set, each checked by its own schema. */
  read<Shape extends z.core.$ZodShape>(shape: Shape): OptionsOf<Shape> {
    const options = Object.entries(shape).map(([name, schema]) => [name, this.#value(schema)]);
    return Object.fromEntries(options.filter(([, value]) => value !== undefined)) as OptionsOf<Shape>;
  }

  has(schema: z.core.$ZodType): boolean {
    return this.text(schema) !== undefined;
  }

  /** Reports a problem unless the variable of the option is set. */
  require(schema: z.core.$ZodType): void {
    if (!this.has(schema)) this.problems.push({ path: variables.get(schema)!.name, problem: 'is needed' });
  }

  /** The text of the option's variable. */
  text(schema: z.core.$ZodType): string | undefined {
    const name = variables.get(schema)?.name;
    const value = name === undefined ? undefined : this.lookup(name);
    return value === undefined || value === null || value === '' ? undefined : String(value);
  }

  #value(schema: z.core.$ZodType): unknown {
    const text = this.text(schema);
    if (text === undefined) return undefined;
    const variable = variables.get(schema)!;
    const value = variable.parse === undefined ? text : variable.parse(text);
    const problem = problemOf(schema, variable, text, value);
    if (problem === undefined) return value;
    this.problems.push({ path: variable.name, problem });
    return undefined;
  }
}

function problemOf(
  schema: z.core.$ZodType,
  { format, hint }: Variable,
  text: string,
  value: unknown,
): string | undefined {
  const known = hint?.(text);
  if (known !== undefined) return known;
  if (value === undefined) return `must be ${format}`;
  const { error } = z.safeParse(schema, value);
  return error && problemsOf(schema, value, error.issues)[0]?.problem;
}

export const flag = {
  format: 'true or false',
  parse: (text: string): boolean | undefined => {
    const value = text.toLowerCase();
    if (value === 'true' || value === '1') return true;
    return value === 'false' || value === '0' ? false : undefined;
  },
};

/** Digits only: `Number` would also read `0x10`, `1e3` and a text of spaces. */
export const wholeText = {
  format: 'a whole number',
  parse: (text: string): number | undefined => (/^\s*-?\d+\s*$/.test(text) ? Number(text) : undefined),
};

export const portNumber = {
  format: 'a port number',
  parse: wholeText.parse,
  hint: (text: string): string | undefined => {
    if (!SERVICE_LINK.test(text)) return undefined;
    return (
      'must be a port number; Kubernetes sets tcp://… when a Service is named redis: ' +
      'rename it or set enableServiceLinks: false'
    );
  },
};

export const hostName = {
  hint: (text: string): string | undefined =>
    text.includes('://')
      ? 'must be a name or an address: an address with a scheme belongs in REDIS_URL'
      : undefined,
};

/** Whether Kubernetes has set the variable, as it does for every Service in the namespace. */
export function isServiceLink(text: string): boolean {
  return SERVICE_LINK.test(text);
}

const SERVICE_LINK = /^(tcp|udp|sctp):\/\//;

export const addressList = {
  format: 'a list of host:port, separated by commas',
  parse: (text: string): NodeAddress[] | undefined => {
    const addresses = text.split(',').map((part) => parseAddress(part.trim()));
    return addresses.includes(undefined) ? undefined : (addresses as NodeAddress[]);
  },
};

// `host`, `host:port`, `[ipv6]` or `[ipv6]:port`
const ADDRESS = /^(?:\[(?<v6>[0-9a-f:.]+)\]|(?<host>[^\s:[\]]+))(?::(?<port>\d{1,5}))?$/i;

function parseAddress(text: string): NodeAddress | undefined {
  const groups = ADDRESS.exec(text)?.groups;
  if (!groups) return undefined;
  const host = (groups.v6 ?? groups.host)!;
  return groups.port === undefined ? { host } : { host, port: Number(groups.port) };
}
