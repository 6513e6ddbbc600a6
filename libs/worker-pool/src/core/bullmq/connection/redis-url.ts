import type { RedisOptions } from 'ioredis';

const DATABASE = /^\d{1,5}$/;
const DEFAULT_PORT = 6_379;

/**
 * Reads `redis://[user:password@]host[:port][/db]`, `rediss://…` for TLS, and `unix:///path[?db=n]`. `null` for
 * anything else: a parameter that is silently ignored is a surprise.
 */
export function readRedisUrl(text: string): RedisOptions | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const read = url && READERS[url.protocol];
  if (!url || !read || url.hash) {
    return null;
  }
  try {
    return read(url);
  } catch {
    // What is not well encoded.
    return null;
  }
}

const READERS: Record<string, (url: URL) => RedisOptions | null> = {
  'redis:': readAddress,
  'rediss:': (url) => {
    const address = readAddress(url);
    return address && { ...address, tls: {} };
  },
  'unix:': readPath,
};

function readAddress(url: URL): RedisOptions | null {
  const db = databaseIn(url.pathname.slice(1));
  if (db === null || url.search || url.port === '0') {
    return null;
  }
  const host = url.hostname.replace(/^\[|\]$/g, '') || 'localhost';
  return { ...accountIn(url), host, port: Number(url.port || DEFAULT_PORT), db };
}

function readPath(url: URL): RedisOptions | null {
  const { db: text = '', ...others } = Object.fromEntries(url.searchParams);
  const db = databaseIn(text);
  if (db === null || url.host || Object.keys(others).length > 0) {
    return null;
  }
  return { ...accountIn(url), path: decodeURIComponent(url.pathname), db };
}

function databaseIn(text: string): number | null {
  if (text === '') {
    return 0;
  }
  return DATABASE.test(text) ? Number(text) : null;
}

function accountIn({ username, password }: URL): RedisOptions {
  return {
    ...(username && { username: decodeURIComponent(username) }),
    ...(password && { password: decodeURIComponent(password) }),
  };
}
