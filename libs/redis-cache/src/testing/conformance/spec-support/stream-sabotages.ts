import type { MemoryBackend } from '../../../core/backend/memory/memory-backend.js';
import { replace, type Sabotage } from './sabotage.js';

export const STREAMS_SABOTAGES: Sabotage[] = [
  [
    'a log is read in reverse order',
    ({ streams }) =>
      replace(streams, 'read', (read) => async (...args) => {
        const reading = await read(...args);
        return { ...reading, records: reading.records.toReversed() };
      }),
    /^streams: records are read in order/,
  ],
  [
    'read never says that a log is there',
    ({ streams }) =>
      replace(streams, 'read', (read) => async (...args) => ({ ...(await read(...args)), exists: false })),
    /^streams: read says whether/,
  ],
  [
    'records are appended again under the next numbers',
    ({ streams }) => {
      let next = 1;
      replace(streams, 'append', (append) => async (key, token, given) => {
        const first = given.first < next ? next : given.first;
        next = first + given.records.length;
        return append(key, token, { ...given, first });
      });
    },
    /^streams: records that are appended twice/,
  ],
  [
    'a gap is closed',
    ({ streams }) => {
      let next = 1;
      replace(streams, 'append', (append) => async (key, token, given) => {
        const first = Math.min(given.first, next);
        next = Math.max(next, first + given.records.length);
        return append(key, token, { ...given, first });
      });
    },
    /^streams: a log with a gap/,
  ],
  [
    'read returns some records and conceals that there are more',
    ({ streams }) =>
      replace(streams, 'read', (read) => async (...args) => {
        const reading = await read(...args);
        return { ...reading, records: reading.records.slice(0, 1_000) };
      }),
    /^streams: a long log/,
  ],
  [
    'keepFrom is ignored',
    ({ streams }) =>
      replace(
        streams,
        'append',
        (append) => (key, token, given) => append(key, token, { ...given, keepFrom: 1 }),
      ),
    /^streams: records below keepFrom/,
  ],
];

export const STREAM_FENCES_SABOTAGES: Sabotage[] = [
  [
    'a log is begun by everybody',
    ({ streams, leases }) =>
      replace(streams, 'append', (append) => async (key, token, given) => {
        const request = { seen: null, hasStale: false, force: false };
        await leases.acquire(key, token, 600_000, request);
        const found = await leases.peek(key, token, null);
        if (given.first > 1 || found.state !== 'held' || found.holder === token)
          return append(key, token, given);
        await leases.acquire(key, token, 600_000, { ...request, force: true });
        const appended = await append(key, token, given);
        await leases.acquire(key, found.holder, 600_000, { ...request, force: true });
        return appended;
      }),
    /^stream fences: a log is begun only under/,
  ],
  [
    'a log ends with its lease',
    ({ streams, leases }) =>
      replace(streams, 'append', (append) => async (key, token, given) => {
        const held = await leases.renew(key, token, given.leaseMs);
        return held ? append(key, token, given) : 'lost';
      }),
    /^stream fences: a log goes on when/,
  ],
  [
    'an expired log continues under its lease',
    ({ streams }) =>
      replace(streams, 'append', (append) => async (key, token, given) => {
        const appended = await append(key, token, given);
        return appended === 'lost' ? append(key, token, { ...given, first: 1 }) : appended;
      }),
    /^stream fences: an expired log takes no more records although/,
  ],
  [
    'a log never expires',
    ({ streams }) =>
      replace(
        streams,
        'append',
        (append) => (key, token, given) => append(key, token, { ...given, expireMs: 600_000 }),
      ),
    /^stream fences: an expired log takes no more records, also/,
  ],
  [
    'append without records does nothing',
    ({ streams }) =>
      replace(
        streams,
        'append',
        (append) => async (key, token, given) =>
          given.records.length === 0 ? 'unwatched' : append(key, token, given),
      ),
    /^stream fences: append renews/,
  ],
  [
    'append renews any lease',
    ({ streams, leases }) =>
      replace(streams, 'append', (append) => async (key, token, given) => {
        const found = await leases.peek(key, token, null);
        if (found.state === 'held') await leases.renew(key, found.holder, given.leaseMs);
        return append(key, token, given);
      }),
    /^stream fences: append does not renew/,
  ],
  [
    'a read watches for too short a time',
    ({ streams }) => replace(streams, 'read', (read) => (key, token, after) => read(key, token, after, 1)),
    /^stream fences: a log is watched for the time/,
  ],
  [
    'a read watches an ended log',
    ({ streams }) =>
      replace(streams, 'read', (read) => async (key, token, after, watchMs) => {
        const reading = await read(key, token, after, watchMs);
        await read(key, token, Number.MAX_SAFE_INTEGER, watchMs);
        return reading;
      }),
    /^stream fences: nobody watches a log/,
  ],
  [
    'every append is announced',
    (backend) =>
      replace(backend.streams, 'append', (append) => async (key, token, given) => {
        const events = (backend as MemoryBackend).events as unknown as { emit(event: object): void };
        const appended = await append(key, token, given);
        if (appended === 'unwatched' && given.records.length > 0) events.emit({ type: 'pieces', key });
        return appended;
      }),
    /^stream fences: records of a watched log/,
  ],
];
