import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { EncryptionOptions, RedisCacheOptions, RedisCacheService } from 'nestjs-redis-cache/core';
import { Caches, PATIENT_MS } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { heldFactory } from '@test/get-or-set/factories.js';
import { RedisServer, until } from '@test/support/index.js';
import { readAll } from './held-stream.js';
import { lead, notCalled, openText, untilReceived } from './stream-pair.js';

type Key = EncryptionOptions['keys'][number];
const newKey = (id: string): Key => ({ id, key: randomBytes(32).toString('base64') });
const [OLD, NEW] = [newKey('2025'), newKey('2026')];
/** Is in every text that must not be found in Redis. */
const SECRET = 'correct-horse-battery';
const entryOf = (key: string): string => `redis-cache:cache:{${key}}`;

const caches = new Caches();
let log: LogCapture;
let redis: RedisServer;

beforeAll(async () => {
  // DUMP would hide text in compressed strings.
  redis = await RedisServer.start({ extraArgs: ['--rdbcompression', 'no'] });
});

beforeEach(async () => {
  log = LogCapture.start();
  await redis.client().flushall();
});

afterEach(() => caches.closeAll());

afterAll(() => redis?.stop());

function open(keys: Key[], options: RedisCacheOptions = {}, readPlain = false): RedisCacheService {
  const connection = { url: redis.url };
  return caches.create({
    connection,
    commandTimeoutMs: PATIENT_MS,
    encryption: { keys, readPlain },
    ...options,
  });
}

const openPlain = (): RedisCacheService => open([], { encryption: undefined });

/** Uses everything that stores content, each with the secret in it. */
async function useEverything(cache: RedisCacheService, other: RedisCacheService): Promise<void> {
  const answer = { text: `${SECRET} `.repeat(200) };
  expect(await cache.cacheResponse('response', answer)).toBe(true);
  expect(await cache.getOrSet('computed', () => answer, { tags: ['tag'] })).toEqual(answer);
  const failing = cache.getOrSet('failed', () => Promise.reject(new Error(SECRET)), {
    negativeTtlSeconds: 60,
  });
  await expect(failing).rejects.toThrow(SECRET);
  await shareWithoutStoring(cache, other, answer);
  await streamAcross(cache, other);
  const ticket = cache.ticketFor('resumed', { ttlSeconds: 60 });
  expect(await other.resume(ticket, () => answer)).toMatchObject({ value: answer, stored: true });
  expect(await cache.queueRequest(answer)).toBe(true);
  expect(await cache.queueRequest(answer)).toBe(true);
  const reserved = await cache.queue().reserveRequest();
  expect(await cache.queue().rejectRequest(reserved!.id, SECRET)).toBe(true);
}

/** A value that must not be stored goes to a waiter in another process by the lease. */
async function shareWithoutStoring(
  cache: RedisCacheService,
  other: RedisCacheService,
  answer: object,
): Promise<void> {
  const { factory, call } = heldFactory<object>();
  const options = { shouldCache: () => false };
  const leading = cache.getOrSet('shared', factory, options);
  const held = await call(0);
  const before = await listeners();
  const waiting = other.getOrSetEntry('shared', factory, options);
  await until(async () => (await listeners()) > before, { what: 'the waiter' });
  held.resolve(answer);
  expect(await leading).toEqual(answer);
  expect(await waiting).toMatchObject({ value: answer, status: 'collapsed' });
}

/** Number of processes that listen for events, as they do from their first wait for another process on. */
async function listeners(): Promise<number> {
  return Number((await redis.client().pubsub('NUMSUB', 'redis-cache:events'))[1]);
}

async function streamAcross(cache: RedisCacheService, other: RedisCacheService): Promise<void> {
  const leading = await lead(cache, 'streamed', {}, SECRET);
  const following = readAll(await openText(other, 'streamed', notCalled));
  await untilReceived(following, 1);
  leading.call.push(SECRET);
  leading.call.end();
  await following.ended;
  expect(following.pieces).toEqual([SECRET, SECRET]);
}

/** Uses everything, and returns what reached Redis and what is stored there then, as far as it contains the secret. */
async function secretsIn(encryption: EncryptionOptions | undefined): Promise<string[]> {
  const monitor = await redis.client().monitor();
  const commands: string[] = [];
  monitor.on('monitor', (_time: string, args: string[]) => commands.push(args.join(' ')));
  await useEverything(open([], { encryption }), open([], { encryption }));
  await redis.client().set('end', '1');
  await until(() => commands.some((line) => line.startsWith('set end')), { what: 'all commands' });
  monitor.disconnect();
  const stored = await redis.client().keys('*');
  const dumps = await Promise.all(stored.map((key) => redis.client().dumpBuffer(key)));
  return [...commands, ...stored, ...dumps.map(String)].filter((text) => text.includes(SECRET));
}

describe('with encryption', () => {
  it('no command that reaches Redis contains content, and nothing that is stored does', async () => {
    expect(await secretsIn({ keys: [NEW, OLD] })).toEqual([]);
  });

  it('there is something to encrypt: without it, the same contains content in many places', async () => {
    expect((await secretsIn(undefined)).length).toBeGreaterThan(10);
  });

  it('neither the service nor its log shows a key', async () => {
    const cache = open([NEW, OLD]);
    await cache.cacheResponse('key', SECRET);
    const shown = inspect([cache, log.lines], { depth: 10 });
    for (const { key } of [NEW, OLD]) {
      expect(shown).not.toContain(key);
      expect(shown).not.toContain(Buffer.from(key, 'base64').toString('hex').slice(0, 16));
    }
  });

  it('every content is read back, as value, as bytes, compressed, near, and from the queue', async () => {
    const keys = [NEW];
    const cache = open(keys, { compressAboveBytes: 100, near: {} });
    const other = open(keys);
    await useEverything(cache, other);
    const text = `${SECRET} `.repeat(200);
    for (const reader of [cache, other]) {
      expect(await reader.getCachedResponse('response')).toEqual({ text });
      const bytes = await reader.lookup('computed', { as: 'bytes' });
      expect(bytes.status === 'hit' && JSON.parse(bytes.json.toString())).toEqual({ text });
      await expect(reader.getOrSet('failed', () => 1)).rejects.toThrow(SECRET);
    }
    expect(await other.dequeueRequest()).toEqual({ text });
    expect(await other.dequeueRequest()).toBeNull();
    expect(await other.queue().getQueueStats()).toMatchObject({ waiting: 0, reserved: 0, dead: 1 });
    const [letter] = await other.queue().listDeadLetters();
    expect(letter).toMatchObject({ data: { text }, reason: SECRET });
    expect(await other.queue().replayDeadLetter(letter!.id)).toBe(true);
    expect((await other.queue().reserveRequest())?.data).toEqual({ text });
    expect(await other.invalidateTags('tag')).toBe(true);
    expect((await other.lookup('computed')).status).toBe('miss');
    for (const reader of [cache, other]) expect(reader.getCounters().undecryptable).toBe(0);
  });
});

describe('an entry that cannot be decrypted', () => {
  it('is a miss, counted, logged once, left in place, and replaced by the next value', async () => {
    const [one, two] = [open([OLD]), open([NEW])];
    await one.cacheResponse('key', SECRET);
    const stored = await redis.client().getBuffer(entryOf('key'));
    for (let read = 0; read < 3; read += 1) expect(await two.getCachedResponse('key')).toBeNull();
    expect(two.getCounters()).toMatchObject({ undecryptable: 3, misses: 3, corrupt: 0 });
    expect(log.matching(/encrypted with a key that is not in encryption\.keys/)).toHaveLength(1);
    expect(await redis.client().getBuffer(entryOf('key'))).toEqual(stored);
    expect(await two.getOrSet('key', () => 'new')).toBe('new');
    expect(await two.getCachedResponse('key')).toBe('new');
    expect(await one.getCachedResponse('key')).toBeNull();
  });

  it('is a miss when it was moved to another key', async () => {
    const cache = open([NEW]);
    await cache.setMany([
      { key: 'mine', response: 'my balance' },
      { key: 'yours', response: 'your balance' },
    ]);
    const admin = redis.client();
    const [mine, yours] = await admin.mgetBuffer(entryOf('mine'), entryOf('yours'));
    await admin.mset(entryOf('mine'), yours!, entryOf('yours'), mine!);
    expect(await cache.getMany(['mine', 'yours'])).toEqual([null, null]);
    expect(log.matching(/was changed, or moved from another key/)).toHaveLength(1);
    expect(await admin.exists(entryOf('mine'), entryOf('yours'))).toBe(2);
  });

  it('is a miss, whichever of its bytes was changed', async () => {
    const cache = open([NEW]);
    await cache.cacheResponse('key', SECRET);
    const stored = (await redis.client().getBuffer(entryOf('key')))!;
    for (let at = 0; at < stored.length; at += 1) {
      const changed = Buffer.from(stored);
      changed[at]! ^= 1;
      await redis.client().set(entryOf('key'), changed);
      expect(await cache.getCachedResponse('key')).toBeNull();
    }
    await redis.client().set(entryOf('key'), stored);
    expect(await cache.getCachedResponse('key')).toBe(SECRET);
  });

  it('is left in place by a cache without keys', async () => {
    const [encrypting, plain] = [open([NEW]), openPlain()];
    await encrypting.cacheResponse('key', SECRET);
    expect(await plain.getCachedResponse('key')).toBeNull();
    expect(plain.getCounters()).toMatchObject({ undecryptable: 1, corrupt: 0 });
    expect(await encrypting.getCachedResponse('key')).toBe(SECRET);
    expect(log.matching(/is encrypted, and encryption\.keys is not set/)).toHaveLength(1);
  });

  it('is a plain one, unless plain data is read as well', async () => {
    await openPlain().cacheResponse('key', SECRET);
    await redis.client().set(entryOf('python'), '{"of": "another program"}');
    const strict = open([NEW]);
    expect(await strict.getMany(['key', 'python'])).toEqual([null, null]);
    const tolerant = open([NEW], {}, true);
    expect(await tolerant.getMany(['key', 'python'])).toEqual([SECRET, { of: 'another program' }]);
    expect(log.matching(/is not encrypted/)).toHaveLength(1);
  });
});

it('a value that is stored late, because Redis had no memory for it, is encrypted too', async () => {
  const cache = open([NEW]);
  await cache.isConnected();
  await redis.client().config('SET', 'maxmemory', '1');
  expect(await cache.getOrSetEntry('late', () => SECRET)).toMatchObject({ value: SECRET, stored: false });
  await redis.client().config('SET', 'maxmemory', '0');
  expect(await cache.cacheResponse('next', 1)).toBe(true);
  await until(() => cache.getCounters().lateWrites === 1, { what: 'the late write' });
  expect((await redis.client().getBuffer(entryOf('late')))?.includes(SECRET)).toBe(false);
  expect(await open([NEW]).getCachedResponse('late')).toBe(SECRET);
});

describe('rotation', () => {
  it('loses no entry and no request, with both keys in all processes before the new one is used', async () => {
    const before = open([OLD]);
    await before.cacheResponse('key', SECRET);
    await before.queueRequest(SECRET);
    const prepared = open([OLD, NEW]);
    const rotated = open([NEW, OLD]);
    expect(await rotated.getCachedResponse('key')).toBe(SECRET);
    await rotated.cacheResponse('new', SECRET);
    await rotated.queueRequest('second');
    expect(await prepared.getCachedResponse('new')).toBe(SECRET);
    expect(await prepared.dequeueRequest()).toBe(SECRET);
    expect(await rotated.dequeueRequest()).toBe('second');
    await rotated.cacheResponse('key', SECRET);
    expect(await open([NEW]).getCachedResponse('key')).toBe(SECRET);
    expect(await before.getCachedResponse('key')).toBeNull();
  });
});

describe('a request that cannot be decrypted', () => {
  it.each(['dequeue', 'reserve'] as const)(
    'is not lost by a %s: others get it, and at last it is a dead letter that can be replayed',
    async (way) => {
      const [one, two] = [open([OLD]), open([NEW], { queue: { maxDeliveries: 2 } })];
      const next = (): Promise<unknown> =>
        way === 'dequeue' ? two.dequeueRequest() : two.queue().reserveRequest();
      await one.queueRequest(SECRET);
      await one.queueRequest('other');
      expect(await next()).toBeNull();
      expect(await two.queue().getQueueStats()).toMatchObject({ waiting: 0, reserved: 2 });
      await until(async () => (await next(), (await two.queue().getQueueStats()).dead === 2), {
        what: 'the dead letters',
      });
      const letters = await two.queue().listDeadLetters();
      expect(letters.map(({ data, reason }) => [data, reason])).toEqual([
        [null, 'it could not be decrypted'],
        [null, 'it could not be decrypted'],
      ]);
      expect(log.matching(/encrypted with a key that is not in/)).toHaveLength(1);
      for (const { id } of await one.queue().listDeadLetters()) await one.queue().replayDeadLetter(id);
      expect((await one.queue().dequeueRequests(2)).toSorted()).toEqual([SECRET, 'other'].toSorted());
    },
  );
});
