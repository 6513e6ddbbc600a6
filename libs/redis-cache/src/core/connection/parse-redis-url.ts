import type { RedisOptions } from 'ioredis';
import { InvalidOptionsError } from '../errors/errors.js';

const DB = /^\d{1,5}$/;

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` (TLS) and `unix:///path[?db=n]`.
 * Anything else in the address is refused: a parameter that is silently ignored is a surprise, and one
 * that is silently passed on could undo the deadlines.
 *
 * @param field what an error names: the option or the environment variable that held the address
 * @throws {InvalidOptionsError} the address is not of that form; it is never repeated, because it may
 *   hold a password
 */
export function parseRedisUrl(text: string, field = 'connection.url'): RedisOptions {
  const refuse = (problem: string): never => {
    throw new InvalidOptionsError(field, problem);
  };
  try {
    return read(new URL(text), refuse);
  } catch (error) {
    if (error instanceof InvalidOptionsError) throw error;
    return refuse('must be an address such as redis://localhost:6379');
  }
}

type Refuse = (problem: string) => never;

function read(url: URL, refuse: Refuse): RedisOptions {
  if (url.hash) refuse('must not hold a #: write it as %23');
  const account = { username: decoded(url.username), password: decoded(url.password) };
  if (url.protocol === 'unix:')
    return { ...account, db: databaseOf(url, '', refuse), path: pathOf(url, refuse) };
  if (url.protocol !== 'redis:' && url.protocol !== 'rediss:') {
    refuse('must begin with redis://, rediss:// or unix://');
  }
  if (url.port === '0') refuse('must name a port from 1 to 65535');
  return {
    ...account,
    db: databaseOf(url, url.pathname.replace(/^\//, ''), refuse),
    host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: url.port ? Number(url.port) : 6379,
    ...(url.protocol === 'rediss:' && { tls: {} }),
  };
}

function pathOf(url: URL, refuse: Refuse): string {
  if (url.host) refuse('must have three slashes before the path of a unix socket: unix:///path/to.sock');
  return decodeURIComponent(url.pathname);
}

function databaseOf(url: URL, inPath: string, refuse: Refuse): number {
  const unknown = [...url.searchParams.keys()].find((name) => name !== 'db');
  if (unknown !== undefined) refuse('takes no parameter but db');
  const db = url.searchParams.get('db') ?? inPath;
  if (db !== '' && !DB.test(db)) refuse('must name the database by its number');
  return Number(db);
}

function decoded(text: string): string | undefined {
  return text === '' ? undefined : decodeURIComponent(text);
}
