import type { ApiKeys } from '../config/api-keys.js';
import { isLoopback } from '../http/addresses.js';

/** Who can reach the server, and whether they need a key. */
export interface Exposure {
  HOST: string;
  API_KEYS?: ApiKeys | undefined;
  ALLOW_ANONYMOUS: boolean;
}

/** Other machines can reach the server, and it would serve them without a key. The message names the variables. */
export class UnprotectedHostError extends Error {
  constructor() {
    super(
      'HOST is not a loopback address and API_KEYS is not set. ' +
        'Set API_KEYS, or ALLOW_ANONYMOUS=true to serve everyone who can reach it.',
    );
    this.name = 'UnprotectedHostError';
  }
}

/** @throws {UnprotectedHostError} other machines can reach the server, and would need no key */
export function assertProtected({ HOST, API_KEYS, ALLOW_ANONYMOUS }: Exposure): void {
  if (API_KEYS === undefined && !ALLOW_ANONYMOUS && !isLoopback(HOST)) throw new UnprotectedHostError();
}
