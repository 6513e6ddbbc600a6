import { afterAll, describe, expect, it } from '@jest/globals';
import { InvalidCallOptionError, InvalidOptionsError, RedisCacheError } from './errors/errors.js';
import { MemoryBackend } from './backend/memory/memory-backend.js';
import { createRedisCache } from './create-redis-cache.js';
import { cacheKey } from './entry/cache-key.js';

const cache = createRedisCache({ backend: 'memory', maxValueBytes: 10, queue: { maxRequestBytes: 10 } });
const queue = cache.queue();
const ticket = cache.ticketFor('ticket');
const pieces = { collect: () => '', replay: () => [] };

let factoryCalls = 0;
const factory = (): string => {
  factoryCalls += 1;
  return 'value';
};

const streamFactory = async function* (): AsyncGenerator<string> {
  yield factory();
};

/** Every method with an options argument, the beginning of a name of one, and the name. */
const METHODS: [method: string, call: (options: never) => unknown, typo: string, meant: string][] = [
  ['getOrSet', (options) => cache.getOrSet('key', factory, options), 'ttl', 'ttlSeconds'],
  [
    'getOrSetEntry',
    (options) => cache.getOrSetEntry('key', factory, options),
    'hardTimeout',
    'hardTimeoutMs',
  ],
  [
    'getOrStream',
    (options) => cache.getOrStream('key', streamFactory, { ...pieces, ...(options as object) }),
    'lease',
    'leaseMs',
  ],
  ['lookup', (options) => cache.lookup('key', options), 'hitOnly', 'hitsOnly'],
  [
    'lookup as bytes',
    (options) => cache.lookup('key', { ...(options as object), as: 'bytes' }),
    'hits',
    'hitsOnly',
  ],
  ['ticketFor', (options) => cache.ticketFor('key', options), 'tag', 'tags'],
  ['resume', (options) => cache.resume(ticket, factory, options), 'hardTimeout', 'hardTimeoutMs'],
  ['queue', (options) => cache.queue('named', options), 'maxLen', 'maxLength'],
  ['waitForRequest', (options) => queue.waitForRequest(options), 'timeout', 'timeoutMs'],
  ['reserveRequest', (options) => queue.reserveRequest(options), 'lease', 'leaseSeconds'],
  ['reserveRequests', (options) => queue.reserveRequests(2, options), 'lease', 'leaseSeconds'],
  ['extendLease', (options) => queue.extendLease('id', options), 'lease', 'leaseSeconds'],
  ['releaseRequest', (options) => queue.releaseRequest('id', options), 'delay', 'delaySeconds'],
  ['listDeadLetters', (options) => queue.listDeadLetters(options), 'limits', 'limit'],
  [
    'createConsumer',
    (options) => queue.createConsumer({ handler: () => {}, ...(options as object) }),
    'concurency',
    'concurrency',
  ],
  ['cacheKey', (options) => cacheKey('parts', options), 'tennant', 'tenant'],
];

const WITH_OBJECT_ONLY = METHODS.filter(
  ([name]) => !['getOrStream', 'lookup as bytes', 'createConsumer'].includes(name),
);

describe('the options of a call', () => {
  afterAll(() => cache.close());

  it.each(METHODS)(
    '%s refuses an unknown one and suggests what was meant',
    async (_name, call, typo, meant) => {
      const calling = (async () => call({ [typo]: 5 } as never))();
      await expect(calling).rejects.toBeInstanceOf(InvalidCallOptionError);
      await expect(calling).rejects.toMatchObject({ field: typo, message: expect.stringContaining(meant) });
      expect(factoryCalls).toBe(0);
    },
  );

  it.each(WITH_OBJECT_ONLY)('%s refuses what is not an object', async (_name, call) => {
    for (const wrong of [60, '60', null, true, () => {}]) {
      const calling = (async () => call(wrong as never))();
      await expect(calling).rejects.toMatchObject({ field: 'options', code: 'ERR_CACHE_INVALID_OPTION' });
    }
    expect(factoryCalls).toBe(0);
  });

  it.each([60, null])('getOrStream and createConsumer refuse %p', async (wrong) => {
    await expect(cache.getOrStream('key', streamFactory, wrong as never)).rejects.toThrow(
      InvalidCallOptionError,
    );
    expect(() => queue.createConsumer(wrong as never)).toThrow(InvalidCallOptionError);
  });

  it('are refused by a rejected promise, never by a throwing call', async () => {
    for (const wrong of [null, 60, { ttl: 5 }]) {
      const promises = [
        cache.getOrSet('key', factory, wrong as never),
        cache.getOrSetEntry('key', factory, wrong as never),
        cache.lookup('key', wrong as never),
        queue.waitForRequest(wrong as never),
      ];
      for (const promise of promises) await expect(promise).rejects.toBeInstanceOf(RedisCacheError);
    }
  });

  it('may be the fields of a class instance', async () => {
    class Options {
      readonly ttlSeconds = 5;
      readonly #signal = new AbortController().signal;
      get signal(): AbortSignal {
        return this.#signal;
      }
    }
    expect(await cache.getOrSet('of a class', () => 1, new Options())).toBe(1);
  });

  it('of a tally batch are checked', async () => {
    const wrong = { writer: 'w', seqence: 1 } as never;
    await expect(cache.sharedCounters.add('tally', { a: 1 }, wrong)).rejects.toMatchObject({
      field: 'batch.seqence',
    });
  });
});

describe('what an instance is created with', () => {
  it.each<[string, () => unknown, string]>([
    [
      'a dependency',
      () => createRedisCache({ backend: 'memory' }, { loger: console } as never),
      'dependencies.loger',
    ],
    ['no object', () => createRedisCache({ backend: 'memory' }, 'name' as never), 'dependencies'],
    ['an option of the memory backend', () => new MemoryBackend({ maxByte: 1 } as never), 'maxByte'],
  ])('%s is refused', (_what, create, field) => {
    expect(create).toThrow(InvalidOptionsError);
    expect(create).toThrow(expect.objectContaining({ field }) as unknown as Error);
  });
});

describe('an error about an argument', () => {
  const tooLong = 'a value of more than ten bytes';

  it.each<[string, () => Promise<unknown>, string]>([
    ['cacheResponse', () => cache.cacheResponse('', 1), 'promptHash'],
    ['getCachedResponse', () => cache.getCachedResponse(''), 'promptHash'],
    ['getOrSet', () => cache.getOrSet('', factory), 'key'],
    ['getOrStream', () => cache.getOrStream('', streamFactory, pieces), 'key'],
    ['lookup', () => cache.lookup(''), 'key'],
    ['getMany', () => cache.getMany(['a', 'b', 'c', '']), 'keys[3]'],
    ['getMany of a string', () => cache.getMany('abc' as never), 'keys'],
    ['delete of one', () => cache.delete(''), 'keys'],
    ['delete of several', () => cache.delete(['a', '']), 'keys[1]'],
    ['delete of no key', () => cache.delete(7 as never), 'keys'],
    ['invalidateTags', () => cache.invalidateTags('a', ''), 'tags[1]'],
    ['setMany', () => cache.setMany([{ key: '', response: 1 }]), 'responses[0].key'],
    ['setMany of no list', () => cache.setMany({ key: 'a', response: 1 } as never), 'responses'],
    [
      'setMany with a typo',
      () => cache.setMany([{ key: 'a', response: 1, ttl: 5 } as never]),
      'responses[0].ttl',
    ],
    [
      'setMany above the limit',
      () => cache.setMany([{ key: 'a', response: tooLong }]),
      'responses[0].response',
    ],
    ['queueRequest', () => cache.queueRequest(tooLong), 'request'],
    ['queueRequests', () => queue.queueRequests([1, tooLong]), 'requests[1]'],
    ['acknowledgeRequest', () => queue.acknowledgeRequest(''), 'id'],
    ['acknowledgeRequests', () => queue.acknowledgeRequests(['1-1', '']), 'ids[1]'],
    ['listDeadLetters', () => queue.listDeadLetters({ after: '' }), 'after'],
  ])('of %s names it as its caller does', async (_method, call, field) => {
    const calling = call();
    await expect(calling).rejects.toBeInstanceOf(RedisCacheError);
    await expect(calling).rejects.toMatchObject({ field, message: expect.stringContaining(`${field} `) });
  });
});
