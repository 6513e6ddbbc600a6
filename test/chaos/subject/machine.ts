/** What the program believes about the machine it runs on: the time of day, and the address of a name. */
import dns from 'node:dns';

/** The name of Redis in a standalone world. */
export const REDIS_NAME = 'redis.test';
const ADDRESS = '127.0.0.1';

type LookupCallback = (error: Error | null, address?: unknown, family?: number) => void;

let isResolving = true;

/** From now on `redis.test` is a name of this machine. */
export function knowRedis(): void {
  const original = dns.lookup;
  const lookup = (name: string, options: dns.LookupOptions, callback: LookupCallback): void => {
    if (name !== REDIS_NAME) original(name, options, callback as never);
    else if (!isResolving)
      callback(Object.assign(new Error(`getaddrinfo ENOTFOUND ${name}`), { code: 'ENOTFOUND' }));
    else if (options.all === true) callback(null, [{ address: ADDRESS, family: 4 }]);
    else callback(null, ADDRESS, 4);
  };
  dns.lookup = lookup as typeof dns.lookup;
}

export function resolveRedis(isKnown: boolean): void {
  isResolving = isKnown;
}

const RealDate = Date;
const realNow = Date.now;

/** Moves the wall clock of this program; monotonic clocks go on. */
export function shiftClock(byMs: number): void {
  const now = (): number => realNow() + byMs;
  globalThis.Date = class extends RealDate {
    constructor(...args: [] | [number | string | Date]) {
      super(...((args.length === 0 ? [now()] : args) as [number]));
    }

    static override now(): number {
      return now();
    }
  } as DateConstructor;
}
