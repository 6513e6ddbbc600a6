import { isIP } from 'node:net';
import type { RedisOptions } from 'ioredis';

const DATABASE = /^\d{1,5}$/;
const DEFAULT_PORT = 6_379;
const WITH_AUTHORITY = /^(rediss?|unix):\/\//i;
const NOT_IN_A_NAME = /[\s:/\\?#@%,;'"()[\]{}<>|^`]/;

/** A URL is not of the expected form. The message completes a sentence that begins with the name of an option. */
export class InvalidRedisUrlError extends Error {
  override readonly name = 'InvalidRedisUrlError';
}

/** What a URL says; what it leaves out is absent. */
export interface RedisUrlParts {
  host?: string;
  port?: number;
  path?: string;
  db?: number;
  username?: string;
  password?: string;
  tls?: true;
}

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` (TLS) and `unix:///path[?db=n]`, and fills in the
 * defaults. Anything else is refused, because a parameter that is passed on silently could undo the deadlines.
 *
 * @throws {InvalidRedisUrlError} never contains the URL, which may hold a password
 */
export function parseRedisUrl(text: string): RedisOptions {
  const { tls, ...parts } = readRedisUrl(text);
  const address = parts.path === undefined && { host: 'localhost', port: DEFAULT_PORT };
  return { ...address, db: 0, ...parts, ...(tls && { tls: {} }) };
}

/**
 * The same without defaults.
 *
 * @throws {InvalidRedisUrlError} never contains the URL, which may hold a password
 */
export function readRedisUrl(text: string): RedisUrlParts {
  // Without the slashes `redis:6379` is a URL whose path is the port.
  if (!WITH_AUTHORITY.test(text)) refuse('must begin with redis://, rediss:// or unix://');
  try {
    return read(new URL(text));
  } catch (error) {
    if (error instanceof InvalidRedisUrlError) throw error;
    return refuse('must be an address such as redis://localhost:6379');
  }
}

/** Whether the text is a name or an address, without a port or brackets around it. */
export function isHost(text: string): boolean {
  return isIP(text) !== 0 || (text !== '' && !NOT_IN_A_NAME.test(text));
}

function read(url: URL): RedisUrlParts {
  if (url.hash) refuse('must not hold a #: write it as %23');
  if (url.protocol === 'unix:') return { ...accountIn(url), path: pathIn(url), ...databaseIn(url, '') };
  if (url.port === '0') refuse('must name a port from 1 to 65535');
  return {
    ...accountIn(url),
    ...hostIn(url),
    ...(url.port && { port: Number(url.port) }),
    ...databaseIn(url, url.pathname.replace(/^\//, '')),
    ...(url.protocol === 'rediss:' && { tls: true }),
  };
}

function hostIn(url: URL): RedisUrlParts {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (host === '') return {};
  if (!isHost(host)) refuse('must name one host, by its name or address');
  return { host };
}

function pathIn(url: URL): string {
  if (url.host) refuse('must have three slashes before the path of a unix socket: unix:///path/to.sock');
  return decodeURIComponent(url.pathname);
}

function databaseIn(url: URL, inPath: string): RedisUrlParts {
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'db');
  if (unknown !== undefined) refuse('takes no parameter but db');
  const db = url.searchParams.get('db') ?? inPath;
  if (db !== '' && !DATABASE.test(db)) refuse('must name the database by its number');
  return db === '' ? {} : { db: Number(db) };
}

function accountIn({ username, password }: URL): RedisUrlParts {
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
}

function refuse(problem: string): never {
  throw new InvalidRedisUrlError(problem);
}
