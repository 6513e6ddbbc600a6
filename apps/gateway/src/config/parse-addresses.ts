import { isIP } from 'node:net';

/** A comma-separated list has an invalid entry. The message gives the entry's position, never its text. */
export class InvalidListError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'InvalidListError';
  }
}

const HOST = /^[a-z\d]([a-z\d.-]*[a-z\d])?$/;

/**
 * Reads host names without ports, comma-separated, in lower case.
 *
 * @throws {InvalidListError} an entry is not a host name
 */
export function parseHosts(text: string): string[] {
  return parseEntries(
    text.toLowerCase(),
    (entry) => HOST.test(entry),
    'must be a host name such as gateway.example',
  );
}

/**
 * Reads origins of web pages, comma-separated, as browsers send them: scheme, host, and the port if it is not the usual one.
 *
 * @throws {InvalidListError} an entry is not an origin, or stands for all of them
 */
export function parseOrigins(text: string): string[] {
  return parseEntries(
    text,
    isOrigin,
    'must be an origin such as https://app.example or http://localhost:5173, without path and without "*"',
  );
}

function isOrigin(entry: string): boolean {
  if (!URL.canParse(entry)) return false;
  const { origin, protocol } = new URL(entry);
  return origin === entry && /^https?:$/.test(protocol);
}

const NAMED_NETWORKS = ['loopback', 'linklocal', 'uniquelocal'];
const PREFIX = /^\d{1,3}$/;
const BITS: Record<number, number> = { 4: 32, 6: 128 };

/**
 * Reads the proxies whose `X-Forwarded-For` is trusted: addresses, networks such as `10.0.0.0/8`, and `loopback`,
 * `linklocal`, `uniquelocal`, comma-separated. "All" and a number of hops are refused, because then any client could
 * choose its address.
 *
 * @throws {InvalidListError} an entry is none of these
 */
export function parseProxies(text: string): string[] {
  return parseEntries(
    text,
    isProxy,
    `must be an address, a network such as 10.0.0.0/8, or one of ${NAMED_NETWORKS.join(', ')}`,
  );
}

function parseEntries(text: string, isValid: (entry: string) => boolean, must: string): string[] {
  const entries = text.split(',').map((entry) => entry.trim());
  const wrong = entries.findIndex((entry) => !isValid(entry));
  if (wrong < 0) return entries;
  throw new InvalidListError(`entry ${wrong + 1} ${must}`);
}

function isProxy(entry: string): boolean {
  if (NAMED_NETWORKS.includes(entry)) return true;
  const [address = '', prefix, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (PREFIX.test(prefix) && Number(prefix) <= BITS[version]!);
}
