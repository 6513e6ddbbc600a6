import type { IncomingHttpHeaders } from 'node:http';
import type { ApiKeys } from '../config/api-keys.js';
import type { HostCheck } from './host-check.js';
import type { CountCall } from '../limits/create-limits.js';
import { presentedKey } from '../tenants/presented-key.js';
import { ANONYMOUS, type Tenant } from '../tenants/tenant.js';

/** Who asks, by the headers alone; `undefined` where it takes more than these to let a request pass. */
export type Identify = (headers: IncomingHttpHeaders) => Tenant | undefined;

/** What holds for every request, for whoever answers in front of the routes and their hooks. */
export interface Gate {
  readonly identify: Identify;
  readonly countCall: CountCall;
  /** What every response of data carries, names and values in turn. */
  readonly headers: readonly string[];
}

/** Those who may ask for completions. */
export function identifyByKey(keys: ApiKeys): Identify {
  return (headers) => {
    const key = presentedKey(headers);
    const tenant = key === undefined ? undefined : keys.find(key);
    return tenant?.monitor ? undefined : tenant;
  };
}

/** Programs of this machine, where there are no keys. */
export function identifyByHost(isAllowed: HostCheck): Identify {
  return ({ host }) => (isAllowed(host) ? ANONYMOUS : undefined);
}

/** Where addresses are limited it takes more than headers to know one. */
export const identifyNobody: Identify = () => undefined;
