/** Whatever another program or a damaged disk leaves in Redis: operations return their fallback, and never throw. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Redis } from 'ioredis';
import { decodeEntry, encodeEntry } from '@redis-cache/core/entry/entry-envelope.js';
import { createRedisCache } from '@redis-cache/core/create-redis-cache.js';
import { StreamInterruptedError } from '@redis-cache/core/errors/errors.js';
import type { RedisCacheService } from '@redis-cache/core/redis-cache.service.js';
import * as fc from '@test/support/chance.js';
import { RedisServer, until, within } from '@test/support/index.js';
import { anyJson, fuzz, FUZZ_TIMEOUT_MS, mutatedText } from './fuzz.js';

const PREFIX = 'fuzz';
const TOKEN = '0'.repeat(36);
const LEASE_MS = 50;
const ENDS_WITHIN = { timeoutMs: 30_000, what: 'an operation on damaged data to end' };

let server: RedisServer;
let client: Redis;
let cache: RedisCacheService;
let inputs = 0;

beforeAll(async () => {
  server = await RedisServer.start();
  client = server.client();
  cache = createRedisCache(
    {
      connection: { url: server.url },
      keyPrefix: PREFIX,
      maxValueBytes: 10_000,
      queue: { maxDeliveries: 1 },
    },
    { logger: { log: () => {}, warn: () => {} } },
  );
  await until(() => cache.isConnected(), { what: 'the connection' });
});

afterAll(async () => {
  await cache.close();
  await server.stop();
});

function freshKey(): string {
  inputs += 1;
  return `key ${inputs}`;
}

const entry = fc
  .record({
    body: anyJson.map((value) => JSON.stringify(value)),
    tags: fc.option(fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }), { nil: undefined }),
    createdAt: fc.nat({ max: 2 ** 47 }),
    compressed: fc.boolean(),
    failure: fc.boolean(),
  })
  .map(({ body, createdAt, ...marks }) =>
    encodeEntry(body, { createdAt, expiresAt: createdAt + 1_000, durationMs: 1 }, marks).toString('latin1'),
  );

describe('damaged or foreign data', () => {
  it(
    'under the key of an entry is a miss or a value',
    () =>
      fuzz<string>({
        name: 'entries',
        input: fc.oneof(fc.string({ unit: 'binary' }), entry, entry.chain(mutatedText)),
        mutate: mutatedText,
        check: async (text) => {
          const key = freshKey();
          const bytes = Buffer.from(text, 'latin1');
          const decoded = decodeEntry(bytes);
          await client.set(`${PREFIX}:cache:{${key}}`, bytes, 'PX', 60_000);
          const found = await cache.getCachedResponse(key);
          // A compressed entry is not decoded without its inflation, and one may have expired.
          if (decoded === null || found === null) expect([null, found]).toContainEqual(found);
          else expect(found).toEqual(decoded.value);
          const computed = await cache.getOrSet(key, () => 'computed').catch((error: unknown) => error);
          expect(computed).toBeDefined();
        },
      }),
    FUZZ_TIMEOUT_MS,
  );

  it(
    'in a queue is delivered as JSON, or becomes a dead letter',
    () =>
      fuzz<string>({
        name: 'requests',
        input: fc.oneof(
          fc.string({ unit: 'binary' }),
          anyJson.map((value) => JSON.stringify(value)),
        ),
        mutate: mutatedText,
        check: async (input) => {
          // As Redis stores it.
          const text = input.toWellFormed();
          const key = freshKey();
          const queue = cache.queue(key);
          // The first request creates the group.
          await queue.queueRequest('first');
          await client.xadd(`${PREFIX}:queue:{${key}}`, '*', 'request', text);
          const [, reserved] = await queue.reserveRequests(2);
          const isJson = isValid(text);
          if (isJson) expect(reserved?.data).toEqual(JSON.parse(text));
          else expect(reserved).toBeUndefined();
          // Rejected after the reservation returned.
          const dead = isJson ? [] : await until(async () => lettersOf(await queue.listDeadLetters()), DEAD);
          expect(dead).toHaveLength(isJson ? 0 : 1);
        },
      }),
    FUZZ_TIMEOUT_MS,
  );

  it(
    'in the log of a stream ends the stream, with pieces of one computation or a typed error',
    () =>
      fuzz<[letter: string, text: string][]>({
        name: 'logs',
        // Each waits until a lease runs out.
        runs: 60,
        input: fc.array(
          fc.tuple(
            fc.oneof(fc.constantFrom('h', 'p', 'e', 'f', 'c'), fc.string({ minLength: 1, maxLength: 3 })),
            fc.oneof(
              anyJson.map((value) => JSON.stringify(value)),
              fc.string({ unit: 'binary' }),
            ),
          ),
          { minLength: 1, maxLength: 6 },
        ),
        check: async (records) => {
          const key = freshKey();
          await client.set(`${PREFIX}:lease:{${key}}`, `h${TOKEN}`, 'PX', LEASE_MS);
          for (const [index, record] of records.entries()) {
            await client.xadd(`${PREFIX}:stream:{${key}}:${TOKEN}`, `${index + 1}-0`, ...record);
          }
          await client.pexpire(`${PREFIX}:stream:{${key}}:${TOKEN}`, LEASE_MS);
          const outcome = await within(read(key), ENDS_WITHIN);
          if (Array.isArray(outcome)) return;
          expect(outcome.constructor.name).toMatch(/^(StreamInterruptedError|RemoteFactoryError)$/);
          if (outcome.name === 'StreamInterruptedError')
            expect(outcome).toBeInstanceOf(StreamInterruptedError);
        },
      }),
    FUZZ_TIMEOUT_MS,
  );
});

const DEAD = { what: 'the dead letter' };

function lettersOf<Letter>(letters: Letter[]): Letter[] | null {
  return letters.length > 0 ? letters : null;
}

function isValid(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

async function* produce(): AsyncGenerator<string> {
  yield 'computed';
}

/** The pieces of a stream, or what it throws. */
async function read(key: string): Promise<unknown[] | Error> {
  const options = {
    leaseMs: LEASE_MS,
    collect: (pieces: readonly string[]) => [...pieces],
    replay: (v: string[]) => v,
  };
  const pieces: unknown[] = [];
  try {
    for await (const piece of await cache.getOrStream(key, produce, options)) pieces.push(piece);
    return pieces;
  } catch (error) {
    return error as Error;
  }
}
