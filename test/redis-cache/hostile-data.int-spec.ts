/** What another program, or an older configuration with larger limits, has left in Redis: nothing of it is parsed. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Redis } from 'ioredis';
import { type RedisCacheService, StreamInterruptedError } from 'nestjs-redis-cache';
import { encodeEntry, type EntryMarks } from '@redis-cache/core/entry/entry-envelope.js';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RedisServer, until } from '@test/support/index.js';

const LIMIT = 10_000;
const TOKEN = '0'.repeat(36);
const LEASE_MS = 200;
const TOO_LARGE = JSON.stringify('x'.repeat(LIMIT));
const TOO_DEEP = '['.repeat(2_001) + ']'.repeat(2_001);
const AT_DEPTH = '['.repeat(2_000) + ']'.repeat(2_000);
const HUGE = JSON.stringify('x'.repeat(1_000_000));
const MANY_TAGS = Object.fromEntries(
  Array.from({ length: 5_000 }, (_, index) => [`tag ${index}`, 'version']),
);
const HOSTILE = [
  ['too large', TOO_LARGE],
  ['huge', HUGE],
  ['nested too deeply', TOO_DEEP],
] as const;

const caches = new Caches();
let server: RedisServer;
let admin: Redis;
let cache: RedisCacheService;
let log: LogCapture;
let keyPrefix: string;
let parse: jest.SpiedFunction<typeof JSON.parse>;

beforeAll(async () => {
  server = await RedisServer.start();
  admin = server.client();
});

beforeEach(() => {
  log = LogCapture.start();
  keyPrefix = freshPrefix();
  cache = caches.create({
    connection: { url: server.url },
    keyPrefix,
    maxValueBytes: LIMIT,
    queue: { name: 'q', maxRequestBytes: LIMIT },
  });
  parse = jest.spyOn(JSON, 'parse');
});

afterEach(async () => {
  parse.mockRestore();
  await caches.closeAll();
});

afterAll(() => server.stop());

function expectNothingParsed(): void {
  const longest = Math.max(0, ...parse.mock.calls.map(([text]) => text.length));
  expect(longest).toBeLessThan(TOO_DEEP.length);
}

function entryOf(json: string, marks?: EntryMarks): Buffer {
  const createdAt = Date.now();
  return encodeEntry(json, { createdAt, expiresAt: createdAt + 60_000, durationMs: 1 }, marks);
}

/** How many scripts the server has run since its statistics were reset. */
async function scriptCalls(): Promise<number> {
  const found = (await admin.info('commandstats')).matchAll(/cmdstat_eval(?:sha)?:calls=(\d+)/g);
  return [...found].reduce((sum, [, calls]) => sum + Number(calls), 0);
}

describe('an entry beyond the limits', () => {
  let entry: string;

  beforeEach(() => {
    entry = `${keyPrefix}:cache:{key}`;
  });

  const ENTRIES = [
    ...HOSTILE.map(([what, json]) => [`plain JSON that is ${what}`, json] as const),
    ...HOSTILE.map(([what, json]) => [`a value that is ${what}`, entryOf(json)] as const),
    ['a failure that is too large', entryOf(HUGE, { failure: true })] as const,
    ['a failure that is nested too deeply', entryOf(TOO_DEEP, { failure: true })] as const,
    ['more tags than any call accepts', entryOf('1', { tags: MANY_TAGS })] as const,
  ];

  const READERS: [string, () => Promise<unknown>, unknown][] = [
    ['getCachedResponse', () => cache.getCachedResponse('key'), null],
    ['lookup', () => cache.lookup('key'), { status: 'miss' }],
    ['lookup of bytes', () => cache.lookup('key', { as: 'bytes' }), { status: 'miss' }],
    ['getOrSet', () => cache.getOrSet('key', () => 'computed'), 'computed'],
  ];

  const CASES = ENTRIES.flatMap(([what, bytes]) =>
    READERS.map(([name, read, missed]) => ({ what, name, bytes, read, missed })),
  );

  it.each(CASES)('that is $what is a miss of $name', async ({ name, bytes, read, missed }) => {
    await admin.set(entry, bytes);
    expect(await read()).toEqual(missed);
    expectNothingParsed();
    expect(cache.getCounters()).toMatchObject({ corrupt: 1, hits: 0, trips: 0 });
    expect(log.matching(/^A cache entry is .*; it counts as a miss and is removed$/)).toHaveLength(1);
    if (name === 'getOrSet') return expect(await cache.getCachedResponse('key')).toBe('computed');
    await until(async () => (await admin.exists(entry)) === 0, { what: 'the entry to be removed' });
  });

  it('says what is wrong', async () => {
    await admin.set(entry, HUGE);
    await cache.getCachedResponse('key');
    await admin.set(entry, TOO_DEEP);
    await cache.getCachedResponse('key');
    expect(log.lines).toEqual([
      'A cache entry is larger than maxValueBytes; it counts as a miss and is removed',
      'A cache entry is nested more than 2000 levels deep; it counts as a miss and is removed',
    ]);
  });

  it('is not read any further when it is too large for any entry', async () => {
    await admin.set(entry, 'not an entry '.repeat(10_000));
    expect(await cache.getCachedResponse('key')).toBeNull();
    expect(log.lines).toEqual([
      'A cache entry is larger than maxValueBytes; it counts as a miss and is removed',
    ]);
  });

  it('is a hit at the limits', async () => {
    const atLimit = JSON.stringify('x'.repeat(LIMIT - 2));
    for (const json of [atLimit, AT_DEPTH]) {
      for (const bytes of [json, entryOf(json)]) {
        await admin.set(entry, bytes);
        expect(JSON.stringify(await cache.getCachedResponse('key'))).toBe(json);
      }
    }
    expect(log.lines).toEqual([]);
  });
});

describe('what a lease holder leaves beyond the limits', () => {
  let lease: string;

  /** The outcome of a call that waits for the holder, and then finds what it has left. */
  async function outcomeAfter(left: string): Promise<unknown> {
    await admin.set(lease, `h${TOKEN}`, 'PX', 60_000);
    await admin.config('RESETSTAT');
    const waiting = cache.getOrSet('key', () => 'computed').catch((error: unknown) => error);
    await until(async () => (await scriptCalls()) > 1, { what: 'a second look at the lease' });
    await admin.set(lease, left, 'PX', 60_000);
    return waiting;
  }

  beforeEach(() => {
    lease = `${keyPrefix}:lease:{key}`;
  });

  it('is what they return within them', async () => {
    expect(await outcomeAfter(`v${TOKEN}"shared"`)).toBe('shared');
  });

  it.each(HOSTILE)('as a value that is %s is computed again', async (_what, json) => {
    expect(await outcomeAfter(`v${TOKEN}${json}`)).toBe('computed');
    expectNothingParsed();
  });

  it.each([HOSTILE[1], HOSTILE[2]])(
    'as a failure that is %s is a failure without its text',
    async (_what, json) => {
      expect(await outcomeAfter(`f${TOKEN}${json}`)).toMatchObject({ message: 'a factory failed' });
      expectNothingParsed();
    },
  );
});

describe('a log of a stream beyond the limits', () => {
  const DAMAGED: [string, [letter: string, text: string][]][] = [
    ['a header that is huge', [['h', HUGE]]],
    ['a header that is nested too deeply', [['h', TOO_DEEP]]],
    [
      'pieces that are huge',
      [
        ['h', '{}'],
        ['p', `[${HUGE}]`],
      ],
    ],
    [
      'a piece that is nested too deeply',
      [
        ['h', '{}'],
        ['p', `[${TOO_DEEP}]`],
      ],
    ],
  ];

  it.each(DAMAGED)('with %s is not read', async (_what, records) => {
    const name = `${keyPrefix}:stream:{key}:${TOKEN}`;
    await admin.set(`${keyPrefix}:lease:{key}`, `h${TOKEN}`, 'PX', LEASE_MS);
    for (const [index, record] of records.entries()) await admin.xadd(name, `${index + 1}-0`, ...record);
    const pieces: string[] = [];
    const options = { collect: (all: readonly string[]) => [...all], replay: (all: string[]) => all };
    const stream = await cache.getOrStream('key', produce, { ...options, leaseMs: LEASE_MS });
    for await (const piece of stream) pieces.push(piece);
    expect(pieces).toEqual(['computed']);
    expectNothingParsed();
  });

  it('interrupts a reader that has received pieces', async () => {
    const name = `${keyPrefix}:stream:{key}:${TOKEN}`;
    await admin.set(`${keyPrefix}:lease:{key}`, `h${TOKEN}`, 'PX', 60_000);
    await admin.xadd(name, '1-0', 'h', '{}');
    await admin.xadd(name, '2-0', 'p', '["first"]');
    const options = { collect: (all: readonly unknown[]) => [...all], replay: (all: unknown[]) => all };
    const stream = await cache.getOrStream<unknown, unknown[]>('key', async function* () {}, options);
    const pieces = stream[Symbol.asyncIterator]();
    expect(await pieces.next()).toEqual({ done: false, value: 'first' });
    await admin.xadd(name, '3-0', 'p', `[${TOO_DEEP}]`);
    await expect(pieces.next()).rejects.toThrow(StreamInterruptedError);
    expectNothingParsed();
  });
});

describe('a request beyond the limits', () => {
  it.each(HOSTILE)('that is %s is skipped by dequeueRequest', async (_what, json) => {
    await cache.queueRequest('one');
    await put(json);
    await cache.queueRequest('two');
    expect([await cache.dequeueRequest(), await cache.dequeueRequest()]).toEqual(['one', 'two']);
    expect(await cache.dequeueRequest()).toBeNull();
    expectNothingParsed();
    expect(cache.getCounters()).toMatchObject({ corrupt: 1, dequeued: 2 });
    expect(log.matching(/^Skipped a queued request that is (larger|nested)/)).toHaveLength(1);
  });

  it.each(HOSTILE)('that is %s becomes a dead letter when it is reserved', async (_what, json) => {
    await cache.queueRequest('one');
    await put(json);
    const queue = cache.queue();
    expect(await queue.reserveRequests(10)).toMatchObject([{ data: 'one' }]);
    const [letter] = await until(async () => nonEmpty(await queue.listDeadLetters()), { what: 'the letter' });
    expect(letter).toMatchObject({ data: null, reason: expect.stringMatching(/^it is (larger|nested)/) });
    expectNothingParsed();
    expect(cache.getCounters()).toMatchObject({ corrupt: 1, reserved: 1 });
  });

  it('is readable again with a larger limit', async () => {
    await cache.queueRequest('one');
    await put(TOO_LARGE);
    await cache.queue().reserveRequests(2);
    await until(async () => nonEmpty(await cache.queue().listDeadLetters()), { what: 'the letter' });
    const queue = { name: 'q', maxRequestBytes: 2 * LIMIT };
    const generous = caches.create({ connection: { url: server.url }, keyPrefix, queue });
    const [letter] = await generous.queue().listDeadLetters();
    expect(letter?.data).toBe(JSON.parse(TOO_LARGE));
    expect(await generous.queue().replayDeadLetter(letter!.id)).toBe(true);
    expect(await generous.dequeueRequest()).toBe(JSON.parse(TOO_LARGE));
  });
});

async function* produce(): AsyncGenerator<string> {
  yield 'computed';
}

function put(json: string): Promise<unknown> {
  return admin.xadd(`${keyPrefix}:queue:{q}`, '*', 'request', json);
}

function nonEmpty<Item>(items: Item[]): Item[] | null {
  return items.length > 0 ? items : null;
}
