import type { ConnectionOptions as TlsOptions } from 'node:tls';
import type { RedisConnectionOptions } from './connection-options.js';
import { InvalidRedisUrlError, readRedisUrl } from './redis-url.js';

/** The options that ioredis has too, with the name that they have there. */
export const IOREDIS_NAMES = {
  host: 'host',
  port: 'port',
  path: 'path',
  db: 'db',
  username: 'username',
  password: 'password',
  tls: 'tls',
  sentinels: 'sentinels',
  sentinelName: 'name',
  sentinelPassword: 'sentinelPassword',
} as const;

export type SharedField = keyof typeof IOREDIS_NAMES;

/** Where the value of an option comes from: the option itself, `url`, or the ioredis option of the same meaning. */
export type Source = 'option' | 'url' | 'redisOptions';

/** An option that has two different values. */
export interface Conflict {
  field: SharedField;
  /** The source of the second value. */
  source: Source;
  /** The source of the first value. */
  than: Source;
}

export interface MergedConnection {
  /** The options without `url`; `redisOptions` keeps only what no other option can say. */
  merged: Omit<RedisConnectionOptions, 'url'>;
  /** The first source of each option that has a value. */
  sources: Map<SharedField, Source>;
  conflicts: Conflict[];
}

type Given = { source: Source; value: unknown };

/**
 * Combines the places in which an option may be given: the option itself, the URL, and `redisOptions`. With two
 * different values the first place counts, and the conflict is reported.
 *
 * @throws {InvalidRedisUrlError} `url` was not checked
 */
export function mergeConnection(options: RedisConnectionOptions): MergedConnection {
  const { url, redisOptions, ...own } = options;
  const inUrl: Partial<Record<SharedField, unknown>> = url === undefined ? {} : readRedisUrl(url);
  const rest: Record<string, unknown> = { ...redisOptions };
  const result: MergedConnection = { merged: own, sources: new Map(), conflicts: [] };
  for (const field of Object.keys(IOREDIS_NAMES) as SharedField[]) {
    const name = IOREDIS_NAMES[field];
    const given: Given[] = [
      { source: 'option', value: own[field] },
      { source: 'url', value: inUrl[field] },
      { source: 'redisOptions', value: rest[name] },
    ];
    delete rest[name];
    mergeField(result, field, given.filter(isGiven));
  }
  result.merged.redisOptions = rest;
  return result;
}

/** The same for options that were not checked: a wrong URL counts as absent. */
export function mergeUnchecked(options: RedisConnectionOptions): MergedConnection {
  try {
    return mergeConnection(options);
  } catch (error) {
    if (!(error instanceof InvalidRedisUrlError)) throw error;
    return mergeConnection({ ...options, url: undefined });
  }
}

const isGiven = ({ value }: Given): boolean => value !== undefined && value !== null;

function mergeField(
  { merged, sources, conflicts }: MergedConnection,
  field: SharedField,
  given: Given[],
): void {
  const [first, ...others] = given;
  if (!first) return;
  sources.set(field, first.source);
  const combined = given.map(({ value }) => value).reduce(field === 'tls' ? combineTls : keepFirst);
  Object.assign(merged, { [field]: combined });
  for (const { source, value } of others) {
    const isSame = field === 'tls' ? isSameTls(first.value, value) : value === first.value;
    if (!isSame) conflicts.push({ field, source, than: first.source });
  }
}

const keepFirst = (first: unknown): unknown => first;

// `true` says no more than that TLS is on, so the options of an object complete it.
function combineTls(first: unknown, second: unknown): unknown {
  return first === true ? second || first : first;
}

function isSameTls(first: unknown, second: unknown): boolean {
  if (first === second) return true;
  return Boolean(first) && Boolean(second) && (first === true || second === true);
}

/** The value of `tls` as ioredis expects it. */
export function tlsOptionsOf(tls: boolean | TlsOptions | undefined): { tls?: TlsOptions } {
  return tls ? { tls: tls === true ? {} : tls } : {};
}
