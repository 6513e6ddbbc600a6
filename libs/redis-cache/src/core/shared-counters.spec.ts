import { describe, expect, it } from '@jest/globals';
import { InvalidCallOptionError, InvalidKeyError } from './errors/errors.js';
import type { RedisCacheService } from './redis-cache.service.js';
import { ChaosBackend } from '../testing/chaos/chaos-backend.js';
import { createTestingCache } from '../testing/create-testing-cache.js';
import { MemoryBackend } from './backend/memory/memory-backend.js';
import { MAX_TALLY_FIELDS, MAX_WINDOW_MS } from './shared-counters.js';

const TOO_MANY = Object.fromEntries(Array.from({ length: MAX_TALLY_FIELDS + 1 }, (_, at) => [`f${at}`, 1]));

type Call = (cache: RedisCacheService) => Promise<unknown>;

const WRONG: [string, Call, unknown, string][] = [
  ['an empty name', (cache) => cache.sharedCounters.add('', { a: 1 }), InvalidKeyError, 'name'],
  ['an empty name to read', (cache) => cache.sharedCounters.read(''), InvalidKeyError, 'name'],
  [
    'an empty name of a window',
    (cache) => cache.sharedCounters.countInWindow('', 1),
    InvalidKeyError,
    'name',
  ],
  [
    'an empty field',
    (cache) => cache.sharedCounters.add('t', { '': 1 }),
    InvalidKeyError,
    'increments: a field',
  ],
  ['NaN', (cache) => cache.sharedCounters.add('t', { a: NaN }), InvalidCallOptionError, 'increments.a'],
  [
    'infinity',
    (cache) => cache.sharedCounters.add('t', { a: -Infinity }),
    InvalidCallOptionError,
    'increments.a',
  ],
  [
    'a text',
    (cache) => cache.sharedCounters.add('t', { a: '1' as never }),
    InvalidCallOptionError,
    'increments.a',
  ],
  ['null', (cache) => cache.sharedCounters.add('t', null as never), InvalidCallOptionError, 'increments'],
  [
    'too many fields',
    (cache) => cache.sharedCounters.add('t', TOO_MANY),
    InvalidCallOptionError,
    'increments',
  ],
  [
    'a fraction of a sequence',
    (cache) => cache.sharedCounters.add('t', { a: 1 }, { writer: 'w', sequence: 0.5 }),
    InvalidCallOptionError,
    'batch.sequence',
  ],
  [
    'an empty writer',
    (cache) => cache.sharedCounters.add('t', { a: 1 }, { writer: '', sequence: 1 }),
    InvalidKeyError,
    'batch.writer',
  ],
  ['no time', (cache) => cache.sharedCounters.countInWindow('w', 0), InvalidCallOptionError, 'windowMs'],
  [
    'too much time',
    (cache) => cache.sharedCounters.countInWindow('w', MAX_WINDOW_MS + 1),
    InvalidCallOptionError,
    'windowMs',
  ],
  [
    'an amount of 0',
    (cache) => cache.sharedCounters.countInWindow('w', 1, 0),
    InvalidCallOptionError,
    'amount',
  ],
];

describe('shared counters', () => {
  it.each(WRONG)('refuse %s, by name', async (_what, call, error, field) => {
    const refused = call(createTestingCache());
    await expect(refused).rejects.toBeInstanceOf(error);
    await expect(refused).rejects.toHaveProperty('field', field);
  });

  it('add up, and read as they were added', async () => {
    const cache = createTestingCache();
    expect(await cache.sharedCounters.read('savings')).toEqual({});
    expect(await cache.sharedCounters.add('savings', { hits: 1, dollars: 0.5 })).toBe(true);
    expect(await cache.sharedCounters.add('savings', {})).toBe(true);
    expect(await cache.sharedCounters.add('savings', { hits: 2 })).toBe(true);
    expect(await cache.sharedCounters.read('savings')).toEqual({ hits: 3, dollars: 0.5 });
  });

  it('confirm a batch that was added before, and do not count it again', async () => {
    const cache = createTestingCache();
    const batch = { writer: 'me', sequence: 1 };
    for (let times = 0; times < 3; times += 1) {
      expect(await cache.sharedCounters.add('savings', { hits: 1 }, batch)).toBe(true);
    }
    expect(await cache.sharedCounters.read('savings')).toEqual({ hits: 1 });
  });

  it('never let a field become a prototype', async () => {
    const cache = createTestingCache();
    await cache.sharedCounters.add(
      't',
      JSON.parse('{"__proto__":1,"constructor":2}') as Record<string, number>,
    );
    const tally = (await cache.sharedCounters.read('t'))!;
    expect(Object.entries(tally)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
    expect(Object.getPrototypeOf(tally)).toBe(Object.prototype);
  });

  it('return their fallbacks while the backend is unavailable', async () => {
    const chaos = new ChaosBackend(new MemoryBackend({ maxBytes: 1_000_000 }));
    const cache = createTestingCache({ backend: chaos });
    chaos.goDown();
    expect(await cache.sharedCounters.add('t', { a: 1 })).toBe(false);
    expect(await cache.sharedCounters.read('t')).toBeNull();
    expect(await cache.sharedCounters.countInWindow('w', 1_000)).toBeNull();
  });
});
