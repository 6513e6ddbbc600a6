import { BlockList, isIP } from 'node:net';
import type { ApiKeys } from '../config/api-keys.js';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** Who can reach the server, and what they need. */
export interface Exposure {
  HOST: string;
  API_KEYS?: ApiKeys | undefined;
  ALLOW_ANONYMOUS: boolean;
}

/** A server that others could reach and that would serve them without a key. Names the variables. */
export class UnprotectedHostError extends Error {
  constructor() {
    super(
      'HOST is not a loopback address and API_KEYS is not set. ' +
        'Set API_KEYS, or ALLOW_ANONYMOUS=true to serve everyone who can reach it.',
    );
    this.name = 'UnprotectedHostError';
  }
}

/** Whether only this machine reaches it. */
export function isLoopback(address: string): boolean {
  if (address === 'localhost') return true;
  const version = isIP(address);
  return version !== 0 && LOOPBACK.check(address, version === 6 ? 'ipv6' : 'ipv4');
}

/**
 * Lets a configuration pass that protects what it serves.
 *
 * @throws {UnprotectedHostError} others could reach it, and would need no key
 */
export function assertProtected({ HOST, API_KEYS, ALLOW_ANONYMOUS }: Exposure): void {
  if (API_KEYS === undefined && !ALLOW_ANONYMOUS && !isLoopback(HOST)) throw new UnprotectedHostError();
}
