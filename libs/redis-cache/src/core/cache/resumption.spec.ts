import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { heldFactory } from '@test/get-or-set/factories.js';
import type { GetOrSetOptions, TicketOptions } from '../options/get-or-set-options.js';
import { createRedisCache } from '../create-redis-cache.js';
import { FactoryTimeoutError } from '../errors/errors.js';
import type { RedisCacheService } from '../redis-cache.service.js';
import type { ComputationTicket } from './computation-ticket.js';

describe('resume', () => {
  let cache: RedisCacheService;

  beforeEach(() => {
    cache = createRedisCache({ backend: 'memory', getOrSet: { staleSeconds: 7 } });
  });

  afterEach(() => cache.close());

  /** Returns the ticket that a factory receives with these call options. */
  async function ticketGiven(options: GetOrSetOptions): Promise<ComputationTicket | null> {
    const asked = heldFactory();
    void cache.getOrSet('key', asked.factory, options);
    const call = await asked.call(0);
    call.resolve('value');
    return call.ticket;
  }

  it('works in the process of the issuer', async () => {
    const value = await cache.getOrSet('key', ({ ticket }) =>
      cache.resume(ticket!, () => ({ text: 'paid' })).then((result) => result.value),
    );
    expect(value).toEqual({ text: 'paid' });
    expect(await cache.getCachedResponse('key')).toEqual({ text: 'paid' });
    expect(cache.getCounters()).toMatchObject({ misses: 1, writes: 1 });
  });

  it.each<[string, unknown, GetOrSetOptions]>([
    ['another value', { text: 'changed' }, {}],
    ['another value, with tags', { text: 'changed' }, { tags: ['tag'] }],
  ])('stores %s of the issuer, in place of its own', async (_what, changed, options) => {
    const hand = async ({ ticket }: { ticket: ComputationTicket | null }): Promise<unknown> => {
      await cache.resume(ticket!, () => ({ text: 'paid' }));
      return changed;
    };
    expect(await cache.getOrSet('key', hand, options)).toEqual(changed);
    expect(await cache.getCachedResponse('key')).toEqual(changed);
    expect(cache.getCounters()).toMatchObject({ writes: 2 });
  });

  it('stores nothing if its value was invalidated before it reached the caller', async () => {
    const result = await cache.getOrSetEntry('key', async ({ ticket }) => {
      await cache.resume(ticket!, () => 'paid');
      await cache.delete('key');
      return 'paid';
    });
    expect(result).toMatchObject({ value: 'paid', stored: false });
    expect(await cache.getCachedResponse('key')).toBeNull();
  });

  it('returns a frozen value', async () => {
    const { value } = await cache.resume(cache.ticketFor('key'), () => ({ text: 'a' }));
    expect(Object.isFrozen(value)).toBe(true);
  });

  it('gives its factory a ticket for the same lease', async () => {
    const handedOn = await cache.resume(cache.ticketFor('key', { tags: ['a'] }), async ({ ticket }) => {
      expect(ticket).toMatchObject({ key: 'key', tags: ['a'], tagVersions: [expect.any(String)] });
      return (await cache.resume(ticket!, () => 'paid')).value;
    });
    expect(handedOn).toMatchObject({ value: 'paid', stored: true });
  });

  it.each<[string, GetOrSetOptions]>([
    ['is not to be stored', { writePolicy: 'no-store' }],
    ['is computed aside of another process', { crossProcess: false }],
  ])('there is no ticket for what %s', async (_what, options) => {
    const holder = heldFactory();
    void cache.getOrSet('key', holder.factory);
    await holder.call(0);
    // Does not join the first, like a call from another process.
    await cache.clearCache();
    const other = heldFactory();
    void cache.resume(cache.ticketFor('key'), other.factory);
    await other.call(0);
    expect(await ticketGiven(options)).toBeNull();
  });

  it('there is a ticket if a call that never waits got the lease', async () => {
    expect(await ticketGiven({ crossProcess: false })).toMatchObject({ key: 'key' });
  });

  it('a ticket uses the defaults of the module and its own options', () => {
    expect(cache.ticketFor('key')).toEqual({
      version: 1,
      key: 'key',
      token: null,
      leaseMs: 5_000,
      ttlMs: 3_600_000,
      staleMs: 7_000,
      tags: [],
      tagVersions: null,
      issuedAt: expect.any(Number),
    });
    const options: TicketOptions = { ttlSeconds: 9, staleSeconds: 1, leaseMs: 100, tags: ['a', 'a'] };
    expect(cache.ticketFor('key', options)).toMatchObject({ ttlMs: 9_000, staleMs: 1_000, tags: ['a'] });
    expect(cache.ticketFor('key', { jitterRatio: 1 }).ttlMs).toBeLessThan(3_600_000);
  });

  it.each<[string, () => unknown, string]>([
    ['an empty key', () => cache.ticketFor(''), 'key'],
    ['a wrong TTL', () => cache.ticketFor('key', { ttlSeconds: -1 }), 'ttlSeconds'],
    ['a wrong tag', () => cache.ticketFor('key', { tags: [''] }), 'tags[0]'],
  ])('%s is refused', (_what, make, field) => {
    expect(make).toThrow(expect.objectContaining({ field }));
  });

  it('refuses a wrong ticket and a wrong option without calling the factory', async () => {
    const { factory, calls } = heldFactory();
    await expect(cache.resume({} as never, factory)).rejects.toMatchObject({ field: 'ticket.version' });
    const wrong = { hardTimeoutMs: 0 };
    await expect(cache.resume(cache.ticketFor('key'), factory, wrong)).rejects.toMatchObject({
      field: 'hardTimeoutMs',
    });
    expect(calls).toEqual([]);
  });

  it('ends the work at `hardTimeoutMs`, and releases the lease', async () => {
    const { factory, calls } = heldFactory();
    const done = cache.resume(cache.ticketFor('key'), factory, { hardTimeoutMs: 5 });
    await expect(done).rejects.toThrow(FactoryTimeoutError);
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(await cache.getOrSet('key', () => 'next')).toBe('next');
  });

  it('passes an abort on, and releases the lease', async () => {
    const { factory, call } = heldFactory();
    const controller = new AbortController();
    const done = cache.resume(cache.ticketFor('key'), factory, { signal: controller.signal });
    const running = await call(0);
    controller.abort(new Error('enough'));
    expect(running.signal.reason).toMatchObject({ message: 'enough' });
    running.reject(new Error('stopped'));
    await expect(done).rejects.toThrow('stopped');
    expect(await cache.getOrSetEntry('key', () => 'next')).toMatchObject({ value: 'next', status: 'miss' });
  });

  it('does not begin if the signal has already aborted', async () => {
    const { factory, calls } = heldFactory();
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(cache.resume(cache.ticketFor('key'), factory, { signal })).rejects.toThrow('enough');
    expect(calls).toEqual([]);
  });

  it('stores the value of a factory that ignores the abort', async () => {
    const { factory, call } = heldFactory();
    const controller = new AbortController();
    const done = cache.resume(cache.ticketFor('key'), factory, { signal: controller.signal });
    const running = await call(0);
    controller.abort();
    running.resolve('paid');
    expect(await done).toMatchObject({ value: 'paid', stored: true });
  });
});
