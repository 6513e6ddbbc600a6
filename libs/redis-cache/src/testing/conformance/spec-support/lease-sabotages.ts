import { replace, type Sabotage } from './sabotage.js';

export const LEASES_SABOTAGES: Sabotage[] = [
  [
    'acquire gives the lease to everybody',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, leaseMs, request) =>
          acquire(key, token, leaseMs, { ...request, force: true }),
      ),
    /^leases: of many who ask/,
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
    /^leases: with force/,
  ],
  [
    'acquire does not look at the entry',
    ({ leases, entries }) =>
      replace(leases, 'acquire', (acquire) => async (key, token, leaseMs, request) => {
        const seen = (await entries.get(key))?.subarray(0, 26) ?? null;
        return acquire(key, token, leaseMs, { ...request, seen });
      }),
    /^leases: who has not seen the entry/,
  ],
  [
    'acquire forgets what was seen',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, leaseMs, request) =>
          acquire(key, token, leaseMs, { ...request, seen: null }),
      ),
    /^leases: who has seen it/,
  ],
  [
    'acquire forgets failures',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, leaseMs, request) =>
          acquire(key, token, leaseMs, { ...request, hasStale: false }),
      ),
    /^leases: after a failure/,
  ],
  [
    'leases never end by themselves',
    ({ leases }) =>
      replace(
        leases,
        'acquire',
        (acquire) => (key, token, _leaseMs, request) => acquire(key, token, 1_000_000, request),
      ),
    /^leases: a lease ends by itself/,
  ],
  [
    'renew does nothing',
    ({ leases }) => replace(leases, 'renew', () => async () => true),
    /^leases: renew makes a lease last/,
  ],
  [
    'renew revives',
    ({ leases }) =>
      replace(leases, 'renew', (renew) => async (key, token, leaseMs) => {
        const request = { seen: null, hasStale: false, force: false };
        const attempt = await leases.acquire(key, token, leaseMs, request);
        return attempt.state === 'acquired' || renew(key, token, leaseMs);
      }),
    /^leases: renew does not revive/,
  ],
  [
    'release takes the lease from another',
    ({ leases }) =>
      replace(leases, 'release', (release) => async (key, token) => {
        const found = await leases.peek(key, token, null);
        return release(key, found.state === 'held' ? found.holder : token);
      }),
    /^leases: what its former holder does/,
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
    /^outcomes: without a lease nothing is stored/,
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
    'complete forgets the TTL',
    ({ leases }) =>
      replace(leases, 'complete', (complete) => (key, token, entry) => complete(key, token, entry, 1e6)),
    /^outcomes: complete gives the entry its TTL/,
  ],
  [
    'complete gives way to an older entry',
    ({ leases, entries }) =>
      replace(leases, 'complete', (complete) => async (key, token, entry, ttlMs) => {
        const there = await entries.get(key);
        return complete(key, token, there ?? entry, ttlMs);
      }),
    /^outcomes: complete replaces/,
  ],
  [
    'fail keeps the first words only',
    ({ leases }) =>
      replace(
        leases,
        'fail',
        (fail) => (key, token, text, keepMs) => fail(key, token, text.slice(0, 100), keepMs),
      ),
    /^outcomes: who waits hears of the failure/,
  ],
  [
    'share stores nothing',
    ({ leases }) => replace(leases, 'share', () => (key, token) => leases.release(key, token)),
    /^outcomes: who waits gets a value that is not stored/,
  ],
  [
    'an outcome is kept for good',
    ({ leases }) =>
      replace(leases, 'share', (share) => (key, token, json) => share(key, token, json, 1_000_000)),
    /^outcomes: an outcome is forgotten/,
  ],
  [
    'peek answers whoever asks',
    ({ leases }) => {
      let ended = '';
      replace(leases, 'share', (share) => (key, token, json, keepMs) => {
        ended = token;
        return share(key, token, json, keepMs);
      });
      replace(leases, 'peek', (peek) => (key, _holder, seen) => peek(key, ended, seen));
    },
    /^outcomes: a value that is not stored is nobody else's/,
  ],
  [
    'peek does not look at the entry',
    ({ leases, entries }) =>
      replace(leases, 'peek', (peek) => async (key, holder) => {
        return peek(key, holder, (await entries.get(key))?.subarray(0, 26) ?? null);
      }),
    /^outcomes: who waits gets an entry that another has written/,
  ],
];
