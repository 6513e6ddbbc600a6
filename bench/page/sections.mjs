/**
 * The sections of docs/performance.md. `limits` says what bounds a scenario: how often a call needs which part of
 * ../scenarios/parts.mjs, and whether that is compared with the processor time of a call or with its duration.
 */
export const SECTIONS = [
  {
    title: 'Hits from Redis',
    file: 'performance-hits.svg',
    intro: '`getCachedResponse` and `getOrSet`; the baseline is `GET` and `JSON.parse` on ioredis.',
    scenarios: [
      'redis-get-2k-alone',
      'redis-get-2k',
      'redis-get-64k-alone',
      'redis-get-64k',
      'redis-get-or-set-2k',
      'redis-get-or-set-64k',
      'redis-bytes-64k',
    ],
  },
  {
    title: 'Writes',
    file: 'performance-writes.svg',
    intro: '`cacheResponse`; the baseline is `JSON.stringify` and `SET … PX` on ioredis.',
    scenarios: ['set-2k-alone', 'set-2k', 'set-64k'],
  },
  {
    title: 'Near hits',
    file: 'performance-near.svg',
    intro:
      'Values in the process; the baseline is an awaited `get` of lru-cache, which returns the stored object.',
    scenarios: ['near-get', 'near-get-or-set'],
  },
  {
    title: 'A stampede',
    intro:
      '1,000 callers at once, a value that nobody has, a factory of 200 ms. One call is the least possible.',
    scenarios: ['stampede', 'stampede-one-process', 'collapsed-waiter'],
  },
  {
    title: 'An outage',
    intro:
      'Redis is frozen by a signal, so that connections stay open. 200 calls, one after the other, within 3 seconds.',
    scenarios: ['frozen-redis', 'frozen-redis-get-or-set'],
  },
  {
    title: 'The queue',
    file: 'performance-queue.svg',
    intro:
      'The baselines are a Redis stream with one group, used by hand on ioredis, and BullMQ from end to end.',
    scenarios: [
      'queue-enqueue-alone',
      'queue-enqueue',
      'queue-enqueue-100',
      'queue-take-alone',
      'queue-take',
      'queue-take-50',
      'queue-take-batches',
      'queue-end-to-end',
      'queue-idle',
    ],
  },
  { title: 'The worker pool', scenarios: ['pool-overhead'] },
  {
    title: 'HTTP',
    file: 'performance-http.svg',
    intro:
      'The gateway with its defaults (log, metrics, guards on); the baseline is a bare Nest + Fastify route.',
    scenarios: ['http-near', 'http-redis', 'http-beside-misses'],
  },
  {
    title: 'Streams',
    scenarios: [
      'stream-follower',
      'stream-commands',
      'stream-first-local',
      'stream-first-bullmq',
      'stream-crowd',
      'stream-crowd-flood',
      'stream-hits-messages',
      'stream-hits-completions',
    ],
  },
  {
    title: 'Telemetry',
    intro:
      'What `nestjs-redis-cache/opentelemetry` costs. "The same again" is the baseline a second time: its ratio shows how far equal contenders differ.',
    scenarios: ['telemetry-near', 'telemetry-redis'],
  },
  { title: 'Memory and start', scenarios: ['memory', 'load-time', 'start-up'] },
];

const takesOne = (...parts) => ({ parts, of: 'duration' });
const alone = (...parts) => takesOne('roundTrip', ...parts);
const busy = (...parts) => ({ parts, of: 'cpu' });

/** What no implementation can avoid, for each scenario that has one caller or is bound by the processor. */
export const LIMITS = {
  'redis-get-2k-alone': alone('parse2k'),
  'redis-get-2k': busy('parse2k'),
  'redis-get-64k-alone': alone('parse64k'),
  'redis-get-64k': busy('parse64k'),
  'redis-get-or-set-2k': busy('parse2k'),
  'redis-get-or-set-64k': busy('parse64k'),
  'set-2k-alone': takesOne('setAndPublish', 'stringify2k'),
  'set-2k': busy('stringify2k'),
  'set-64k': busy('stringify64k'),
  'near-get': busy('promise', 'lruGet', 'clock'),
  'near-get-or-set': busy('promise', 'lruGet', 'clock'),
  'queue-enqueue-alone': takesOne('script', 'stringify2k'),
  'queue-enqueue': busy('stringify2k'),
  'queue-enqueue-100': busy('stringify2k'),
  'queue-take-alone': alone('script', 'parse2k'),
  'queue-take': busy('parse2k'),
  'queue-take-50': busy('parse2k'),
  'queue-take-batches': busy('parse2k'),
};

/**
 * Ratios that were aimed for, and what stands in the way of those that a run does not reach. Least ratios; `milliseconds`
 * is a longest time instead.
 */
export const GOALS = {
  'redis-get-2k-alone': {
    ratio: 0.97,
    why: 'A deadline and a check of the envelope come with each read; the rest is the round trip, as in the baseline.',
  },
  'set-2k-alone': {
    ratio: 0.95,
    why: 'Each write is announced to the other processes, so that two commands leave in one write where the baseline sends one.',
  },
  'redis-get-or-set-2k': {
    ratio: 1.1,
    why: 'The value is parsed and frozen, because several callers share it.',
  },
  'redis-get-or-set-64k': {
    ratio: 1.1,
    why: 'The value is parsed and frozen, because several callers share it.',
  },
  'redis-get-64k': { ratio: 1.25, why: '`JSON.parse` of 64 KB is most of a call, for both.' },
  'queue-enqueue-alone': {
    ratio: 0.9,
    why: 'The bound of the queue and the signal to idle consumers need a script, and a script that does nothing takes longer than `XADD`.',
  },
  'queue-enqueue-100': { ratio: 0.9, why: 'The same script runs once for the 100 requests.' },
  'queue-take-alone': {
    ratio: 0.85,
    why: 'An acknowledgement also checks that the delivery still stands and deletes the request, which needs a script.',
  },
  'queue-take-50': { ratio: 0.9, why: 'The baseline does not delete what it has acknowledged.' },
  'queue-end-to-end': {
    ratio: 3,
    why: 'A confirmed enqueue, a reservation and a checked acknowledgement are three commands for each request.',
  },
  'queue-idle': {
    milliseconds: 0.9,
    why: 'An idle consumer hears of a request and then fetches it, which is one round trip more than a blocked `XREADGROUP`, but takes no connection for each queue.',
  },
  'near-get': {
    ratio: 0.75,
    why: 'lru-cache was asked for no TTL: the rest is reading the clock, because an entry must not outlive its TTL.',
  },
};
