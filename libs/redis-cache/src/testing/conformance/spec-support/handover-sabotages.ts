import { replace, type Sabotage } from './sabotage.js';

export const HANDOVERS_SABOTAGES: Sabotage[] = [
  [
    'adopt joins nobody',
    ({ leases }) =>
      replace(leases, 'adopt', (adopt) => (key, _token, next, leaseMs) => adopt(key, null, next, leaseMs)),
    /^handovers: who continues a computation joins/,
  ],
  [
    'adopt does not renew',
    ({ leases }) =>
      replace(leases, 'adopt', (adopt) => async (key, token, next, leaseMs) => {
        const found = await leases.peek(key, token ?? '', null);
        if (found.state === 'held' && found.holder === token) return 'adopted';
        return adopt(key, token, next, leaseMs);
      }),
    /^handovers: joining a lease renews it/,
  ],
  [
    'adopt takes no lease',
    ({ leases }) =>
      replace(leases, 'adopt', (adopt) => async (key, token, next, leaseMs) => {
        const adoption = await adopt(key, token, next, leaseMs);
        if (adoption === 'taken') await leases.release(key, next);
        return adoption;
      }),
    /^handovers: a lease that is free goes to who continues/,
  ],
  [
    'adopt gives the lease to everybody',
    ({ leases }) =>
      replace(leases, 'adopt', () => async (key, _token, next, leaseMs) => {
        await leases.acquire(key, next, leaseMs, { seen: null, hasStale: false, force: true });
        return 'taken';
      }),
    /^handovers: whoever continues a computation that is over/,
  ],
  [
    'adopt renews the lease of another',
    ({ leases }) =>
      replace(leases, 'adopt', (adopt) => async (key, token, next, leaseMs) => {
        const found = await leases.peek(key, '', null);
        if (found.state === 'held') await leases.renew(key, found.holder, leaseMs);
        return adopt(key, token, next, leaseMs);
      }),
    /^handovers: the lease of another computation/,
  ],
  [
    'adopt takes an entry for an end',
    ({ leases, entries }) =>
      replace(leases, 'adopt', (adopt) => async (key, token, next, leaseMs) => {
        return (await entries.get(key)) === null ? adopt(key, token, next, leaseMs) : 'held';
      }),
    /^handovers: an outcome that was left/,
  ],
  [
    'put ends the lease',
    ({ leases }) =>
      replace(leases, 'put', () => (key, token, entry, ttlMs) => leases.complete(key, token, entry, ttlMs)),
    /^handovers: put stores the entry/,
  ],
  [
    'put is not seen',
    ({ leases }) => replace(leases, 'put', () => async (key, token) => leases.renew(key, token, 1_000_000)),
    /^handovers: who waits gets what was put/,
  ],
  [
    'put stores without a lease',
    ({ leases, entries }) =>
      replace(leases, 'put', (put) => async (key, token, entry, ttlMs) => {
        const done = await put(key, token, entry, ttlMs);
        await entries.set(key, entry, ttlMs);
        return done;
      }),
    /^handovers: without a lease nothing is put/,
  ],
];
