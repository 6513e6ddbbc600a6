import { replace, type Sabotage } from './sabotage.js';

export const HANDOVERS_SABOTAGES: Sabotage[] = [
  [
    'adopt never joins a lease',
    ({ leases }) =>
      replace(leases, 'adopt', (adopt) => (key, _token, next, leaseMs) => adopt(key, null, next, leaseMs)),
    /^handovers: adopt joins the lease/,
  ],
  [
    'adopt does not renew',
    ({ leases }) =>
      replace(leases, 'adopt', (adopt) => async (key, token, next, leaseMs) => {
        const found = await leases.peek(key, token ?? '', null);
        if (found.state === 'held' && found.holder === token) return 'adopted';
        return adopt(key, token, next, leaseMs);
      }),
    /^handovers: adopt renews the lease/,
  ],
  [
    'adopt does not acquire a free lease',
    ({ leases }) =>
      replace(leases, 'adopt', (adopt) => async (key, token, next, leaseMs) => {
        const adoption = await adopt(key, token, next, leaseMs);
        if (adoption === 'taken') await leases.release(key, next);
        return adoption;
      }),
    /^handovers: adopt acquires a free lease/,
  ],
  [
    'adopt gives the lease to every caller',
    ({ leases }) =>
      replace(leases, 'adopt', () => async (key, _token, next, leaseMs) => {
        await leases.acquire(key, next, leaseMs, { seen: null, hasStale: false, force: true });
        return 'taken';
      }),
    /^handovers: of many concurrent adoptions/,
  ],
  [
    'adopt renews the lease of another',
    ({ leases }) =>
      replace(leases, 'adopt', (adopt) => async (key, token, next, leaseMs) => {
        const found = await leases.peek(key, '', null);
        if (found.state === 'held') await leases.renew(key, found.holder, leaseMs);
        return adopt(key, token, next, leaseMs);
      }),
    /^handovers: adopt does not change the lease of another/,
  ],
  [
    'adopt fails if an entry is stored',
    ({ leases, entries }) =>
      replace(leases, 'adopt', (adopt) => async (key, token, next, leaseMs) => {
        return (await entries.get(key)) === null ? adopt(key, token, next, leaseMs) : 'held';
      }),
    /^handovers: adopt acquires the lease although an outcome/,
  ],
  [
    'put ends the lease',
    ({ leases }) =>
      replace(leases, 'put', () => (key, token, entry, ttlMs) => leases.complete(key, token, entry, ttlMs)),
    /^handovers: put stores the entry/,
  ],
  [
    'put stores nothing',
    ({ leases }) => replace(leases, 'put', () => async (key, token) => leases.renew(key, token, 1_000_000)),
    /^handovers: waiters receive the entry/,
  ],
  [
    'put stores without a lease',
    ({ leases, entries }) =>
      replace(leases, 'put', (put) => async (key, token, entry, ttlMs) => {
        const done = await put(key, token, entry, ttlMs);
        await entries.set(key, entry, ttlMs);
        return done;
      }),
    /^handovers: put stores nothing without/,
  ],
];
