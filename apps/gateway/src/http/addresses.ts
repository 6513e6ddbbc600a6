import { BlockList, isIP, isIPv6 } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const IPV6_GROUPS = 8;
/** Hexadecimal digits of a /56 network, which a subscriber may have: all its addresses are one client. */
const NETWORK_DIGITS = 14;
const WITH_PORT = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/;
const IPV4_IN_IPV6 = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Whether only this machine can reach the address. */
export function isLoopback(address: string): boolean {
  if (address === 'localhost') return true;
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * The address of an IPv4 client, or the /56 network of an IPv6 client.
 *
 * @param address what a proxy says, perhaps with a port; a client may have put anything there
 * @param fallback the address of the connection, which counts if `address` is none
 */
export function networkOf(address: string, fallback = ''): string {
  const [, bracketed, plain] = WITH_PORT.exec(address) ?? [];
  const known = [address, bracketed, plain].find((text) => text !== undefined && isIP(text) !== 0);
  if (known === undefined) return fallback === '' ? '' : networkOf(fallback);
  const [, ipv4] = IPV4_IN_IPV6.exec(known) ?? [];
  if (ipv4 !== undefined || !isIPv6(known)) return ipv4 ?? known;
  const digits = groupsOf(known).map((group) => group.padStart(4, '0'));
  return `${digits.join('').slice(0, NETWORK_DIGITS)}/56`;
}

function groupsOf(address: string): string[] {
  // A URL has the address in its canonical form.
  const [start = '', end] = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1).split('::');
  const head = start === '' ? [] : start.split(':');
  const tail = end ? end.split(':') : [];
  const zeros = Array<string>(IPV6_GROUPS - head.length - tail.length).fill('0');
  return [...head, ...zeros, ...tail];
}
