import { isIP } from 'node:net';

const HOST = /^[a-z\d]([a-z\d.-]*[a-z\d])?$/;

/** Why a list of hosts cannot be used. */
export class InvalidHostsError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'InvalidHostsError';
  }
}

/**
 * Reads names of hosts, comma-separated, without ports.
 *
 * @throws {InvalidHostsError} which entry is wrong
 */
export function parseHosts(text: string): string[] {
  const hosts = text.split(',').map((host) => host.trim().toLowerCase());
  const wrong = hosts.findIndex((host) => !HOST.test(host));
  if (wrong < 0) return hosts;
  throw new InvalidHostsError(`entry ${wrong + 1} is no name of a host, such as gateway.example`);
}

/** Networks that have a name. */
const NAMED = new Set(['loopback', 'linklocal', 'uniquelocal']);
const PREFIX = /^\d{1,3}$/;
const BITS: Record<number, number> = { 4: 32, 6: 128 };

/** Why a list of proxies cannot be used. */
export class InvalidProxiesError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'InvalidProxiesError';
  }
}

/**
 * Reads the proxies whose `X-Forwarded-For` is believed: addresses, networks such as `10.0.0.0/8`, and
 * `loopback`, `linklocal`, `uniquelocal`, comma-separated. To believe everyone, or a number of hops, is not
 * on offer: whoever reaches the server could then say to be anybody.
 *
 * @throws {InvalidProxiesError} which entry is wrong
 */
export function parseProxies(text: string): string[] {
  const entries = text.split(',').map((entry) => entry.trim());
  const wrong = entries.findIndex((entry) => !isProxy(entry));
  if (wrong < 0) return entries;
  throw new InvalidProxiesError(
    `entry ${wrong + 1} is no address, no network (10.0.0.0/8) and none of ${[...NAMED].join(', ')}`,
  );
}

function isProxy(entry: string): boolean {
  if (NAMED.has(entry)) return true;
  const [address = '', prefix, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return prefix === undefined || (PREFIX.test(prefix) && Number(prefix) <= BITS[version]!);
}
