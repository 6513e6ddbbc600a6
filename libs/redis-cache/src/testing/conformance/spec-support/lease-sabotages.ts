import { replace, type Sabotage } from './sabotage.js';

export const LEASES_SABOTAGES: Sabotage[] = [
  [
    'acquire gives the lease to every caller',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, leaseMs, request) =>
          acquire(key, token, leaseMs, { ...request, force: true }),
      ),
    /^leases: of many concurrent callers/,
  ],
  [
    'acquire ignores force',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, leaseMs, request) =>
          acquire(key, token, leaseMs, { ...request, force: false }),
      ),
    /^leases: force acquires/,
  ],
  [
    'acquire ignores the stored entry',
    ({ leases, entries }) =>
      replace(leases, 'acquire', (acquire) => async (key, token, leaseMs, request) => {
        const seen = (await entries.get(key))?.subarray(0, 26) ?? null;
        return acquire(key, token, leaseMs, { ...request, seen });
      }),
    /^leases: acquire returns a stored entry/,
  ],
  [
    'acquire ignores the header that the caller has seen',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, leaseMs, request) =>
          acquire(key, token, leaseMs, { ...request, seen: null }),
      ),
    /^leases: a caller that has seen/,
  ],
  [
    'acquire ignores failures',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, leaseMs, request) =>
          acquire(key, token, leaseMs, { ...request, hasStale: false }),
      ),
    /^leases: after a failure only/,
  ],
  [
    'leases never expire',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, _leaseMs, request) => acquire(key, token, 1_000_000, request),
      ),
    /^leases: a lease expires/,
  ],
  [
    'renew does nothing',
    ({ leases }) => replace(leases, 'renew', () => async () => true),
    /^leases: renew extends/,
  ],
  [
    'renew revives an expired lease',
    ({ leases }) =>
      replace(leases, 'renew', (renew) => async (key, token, leaseMs) => {
        const request = { seen: null, hasStale: false, force: false };
        const attempt = await leases.acquire(key, token, leaseMs, request);
        return attempt.state === 'acquired' || renew(key, token, leaseMs);
      }),
    /^leases: renew does not revive/,
  ],
  [
    'release ends the lease of another holder',
    ({ leases }) =>
      replace(leases, 'release', (release) => async (key, token) => {
        const found = await leases.peek(key, token, null);
        return release(key, found.state === 'held' ? found.holder : token);
      }),
    /^leases: operations of the former holder/,
  ],
];

export const OUTCOMES_SABOTAGES: Sabotage[] = [
  [
    'complete stores without a lease',
    ({ leases, entries }) =>
      replace(leases, 'complete', (complete) => async (key, token, entry, ttlMs) => {
        const done = await complete(key, token, entry, ttlMs);
        await entries.set(key, entry, ttlMs);
        return done;
      }),
    /^outcomes: complete, fail and share store nothing/,
  ],
  [
    'complete keeps the lease',
    ({ leases, entries }) =>
      replace(leases, 'complete', () => async (key, token, entry, ttlMs) => {
        if (!(await leases.renew(key, token, 1_000_000))) return false;
        await entries.set(key, entry, ttlMs);
        return true;
      }),
    /^outcomes: complete stores the entry and ends/,
  ],
  [
    'complete ignores the TTL',
    ({ leases }) =>
      replace(leases, 'complete', (complete) => (key, token, entry) => complete(key, token, entry, 1e6)),
    /^outcomes: complete applies the TTL/,
  ],
  [
    'complete keeps the previous entry',
    ({ leases, entries }) =>
      replace(leases, 'complete', (complete) => async (key, token, entry, ttlMs) => {
        const there = await entries.get(key);
        return complete(key, token, there ?? entry, ttlMs);
      }),
    /^outcomes: complete replaces/,
  ],
  [
    'fail truncates the text',
    ({ leases }) =>
      replace(
        leases,
        'fail',
        (fail) => (key, token, text, keepMs) => fail(key, token, text.slice(0, 100), keepMs),
      ),
    /^outcomes: waiters receive the failure/,
  ],
  [
    'share stores nothing',
    ({ leases }) => replace(leases, 'share', () => (key, token) => leases.release(key, token)),
    /^outcomes: waiters receive a shared value/,
  ],
  [
    'a shared value never expires',
    ({ leases }) =>
      replace(leases, 'share', (share) => (key, token, json) => share(key, token, json, 1_000_000)),
    /^outcomes: a shared value expires/,
  ],
  [
    'peek returns an outcome to every caller',
    ({ leases }) => {
      let ended = '';
      replace(leases, 'share', (share) => (key, token, json, keepMs) => {
        ended = token;
        return share(key, token, json, keepMs);
      });
      replace(leases, 'peek', (peek) => (key, _holder, seen) => peek(key, ended, seen));
    },
    /^outcomes: a shared value is returned only/,
  ],
  [
    'peek ignores the stored entry',
    ({ leases, entries }) =>
      replace(leases, 'peek', (peek) => async (key, holder) => {
        return peek(key, holder, (await entries.get(key))?.subarray(0, 26) ?? null);
      }),
    /^outcomes: waiters receive an entry that another/,
  ],
];
