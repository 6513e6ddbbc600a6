import type { RedisOptions } from 'ioredis';

const DATABASE = /^\/?(\d{1,5})?$/;
const DEFAULT_PORT = 6_379;

/**
 * Reads `redis://[user:password@]host[:port][/db]`, or `rediss://…` for TLS. `null` for anything else: a
 * parameter that is silently ignored is a surprise.
 */
export function readRedisUrl(text: string): RedisOptions | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const database = DATABASE.exec(url?.pathname ?? '');
  if (!url || !database || !/^rediss?:$/.test(url.protocol) || url.search || url.hash || url.port === '0') {
    return null;
  }
  const account = accountOf(url);
  return (
    account && {
      ...account,
      host: url.hostname.replace(/^\[|\]$/g, '') || 'localhost',
      port: Number(url.port || DEFAULT_PORT),
      db: Number(database[1] ?? 0),
      ...(url.protocol === 'rediss:' && { tls: {} }),
    }
  );
}

function accountOf({ username, password }: URL): RedisOptions | null {
  try {
    return {
      ...(username && { username: decodeURIComponent(username) }),
      ...(password && { password: decodeURIComponent(password) }),
    };
  } catch {
    return null;
  }
}
