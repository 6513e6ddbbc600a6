import type { RedisOptions } from 'ioredis';

const DATABASE = /^\d{1,5}$/;
const DEFAULT_PORT = 6_379;

/** A URL is not of the expected form. The message completes a sentence that begins with the name of an option. */
export class InvalidRedisUrlError extends Error {
  override readonly name = 'InvalidRedisUrlError';
}

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` (TLS) and `unix:///path[?db=n]`. Anything else
 * is refused, because a parameter that is passed on silently could undo the deadlines.
 *
 * @throws {InvalidRedisUrlError} never contains the URL, which may hold a password
 */
export function parseRedisUrl(text: string): RedisOptions {
  try {
    return read(new URL(text));
  } catch (error) {
    if (error instanceof InvalidRedisUrlError) throw error;
    return refuse('must be an address such as redis://localhost:6379');
  }
}

function read(url: URL): RedisOptions {
  if (url.hash) refuse('must not hold a #: write it as %23');
  if (url.protocol === 'unix:') return { ...accountIn(url), path: pathIn(url), db: databaseIn(url, '') };
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    refuse('must begin with redis://, rediss:// or unix://');
  }
  if (url.port === '0') refuse('must name a port from 1 to 65535');
  return {
    ...accountIn(url),
    host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: Number(url.port || DEFAULT_PORT),
    db: databaseIn(url, url.pathname.replace(/^\//, '')),
    ...(url.protocol === 'rediss:' && { tls: {} }),
  };
}

function pathIn(url: URL): string {
  if (url.host) refuse('must have three slashes before the path of a unix socket: unix:///path/to.sock');
  return decodeURIComponent(url.pathname);
}

function databaseIn(url: URL, inPath: string): number {
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'db');
  if (unknown !== undefined) refuse('takes no parameter but db');
  const db = url.searchParams.get('db') ?? inPath;
  if (db !== '' && !DATABASE.test(db)) refuse('must name the database by its number');
  return Number(db);
}

function accountIn({ username, password }: URL): RedisOptions {
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
}

function refuse(problem: string): never {
  throw new InvalidRedisUrlError(problem);
}
