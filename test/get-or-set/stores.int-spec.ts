import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { Backend, CacheEvent } from '@redis-cache/core/backend/backend.js';
import { createBackend } from '@redis-cache/core/create-backend.js';
import { resolveOptions } from '@redis-cache/core/options/redis-cache-options.schema.js';
import type { RedisCacheOptions } from 'nestjs-redis-cache';
import { RedisCluster, RedisServer, until, within } from '@test/support/index.js';
import { freshKey, leaseConformance, type StoresUnderTest } from './lease-conformance.js';
import { tagConformance } from './tag-conformance.js';

const LONG_MS = 60_000;

const backendOf = (connection: RedisCacheOptions['connection']): Backend =>
  createBackend(resolveOptions({ connection: connection! }));

async function standalone(): Promise<StoresUnderTest> {
  const server = await RedisServer.start();
  return { backend: backendOf({ url: server.url }), stop: () => server.stop() };
}

async function cluster(): Promise<StoresUnderTest> {
  const servers = await RedisCluster.start({ masters: 3 });
  return { backend: backendOf({ clusterNodes: servers.addresses }), stop: () => servers.stop() };
}

async function ownClient(): Promise<StoresUnderTest> {
  const server = await RedisServer.start();
  const client = server.client({ keyPrefix: 'tenant:', stringNumbers: true, enableAutoPipelining: true });
  await once(client, 'ready');
  return { backend: backendOf({ client }), stop: () => server.stop() };
}

const PLACES: [string, () => Promise<StoresUnderTest>][] = [
  ['a standalone Redis', standalone],
  ['a Cluster of three masters', cluster],
  ["the user's client with a key prefix that answers numbers as texts", ownClient],
];

for (const [name, setUp] of PLACES) {
  leaseConformance(name, setUp);
  tagConformance(name, setUp);
}

describe.each(PLACES)('the end of a computation on %s', (_name, setUp) => {
  let place: StoresUnderTest;

  beforeAll(async () => {
    place = await setUp();
    await until(() => place.backend.ping().then(() => true), { what: 'the backend to respond' });
  });

  afterAll(async () => {
    await place.backend.close();
    await place.stop();
  });

  it('is announced, whatever the outcome; calls without effect are not', async () => {
    const { leases, events } = place.backend;
    const heard: CacheEvent[] = [];
    const up = new Promise<void>((resolve) => {
      events.listen((event) => (event.type === 'up' ? resolve() : heard.push(event)));
    });
    await within(up, { what: 'the subscription' });
    const ends: ((key: string, token: string) => Promise<boolean>)[] = [
      (key, token) => leases.complete(key, token, Buffer.from('"a"'), LONG_MS),
      (key, token) => leases.fail(key, token, '{}', LONG_MS),
      (key, token) => leases.share(key, token, '{}', LONG_MS),
      (key, token) => leases.release(key, token),
    ];
    const keys: string[] = [];
    for (const end of ends) {
      const [key, token] = [freshKey(), randomUUID()];
      keys.push(key);
      await leases.acquire(key, token, LONG_MS, { seen: null, hasStale: false, force: false });
      await end(key, randomUUID());
      await end(key, token);
      await end(key, token);
    }
    await until(() => heard.length >= keys.length, { what: 'four announcements' });
    const ended = heard.filter((event) => event.type === 'ended');
    expect(ended).toEqual(keys.map((key) => ({ type: 'ended', key, own: true })));
  });

  it('is received by listeners that come later, which learn that the channel is up', async () => {
    const { events } = place.backend;
    const states: string[] = [];
    await within(
      new Promise<void>((resolve) => events.listen(({ type }) => (type === 'up' ? resolve() : undefined))),
      { what: 'the subscription' },
    );
    events.listen(({ type }) => states.push(type));
    expect(states).toEqual(['up']);
  });

  it('is announced when the value is put, although the lease continues', async () => {
    const { leases, events } = place.backend;
    const [key, token] = [freshKey(), randomUUID()];
    const heard: CacheEvent[] = [];
    events.listen((event) => heard.push(event));
    await leases.acquire(key, token, LONG_MS, { seen: null, hasStale: false, force: false });
    const isHeard = async (): Promise<boolean> => {
      expect(await leases.put(key, token, Buffer.from('"a"'), LONG_MS)).toBe(true);
      return heard.some((event) => event.type === 'ended' && event.key === key);
    };
    await until(isHeard, { what: 'the announcement' });
  });
});

describe('in Redis', () => {
  let server: RedisServer;
  let backend: Backend;

  beforeAll(async () => {
    server = await RedisServer.start();
  });

  afterEach(() => backend.close());

  afterAll(() => server.stop());

  it('a lease expires after the requested time, by the clock of the server', async () => {
    backend = backendOf({ url: server.url });
    await until(() => backend.ping().then(() => true), { what: 'the backend to respond' });
    const token = randomUUID();
    await backend.leases.acquire('key', token, 5_000, { seen: null, hasStale: false, force: false });
    const client = server.client();
    const left = await client.pttl('redis-cache:lease:{key}');
    expect(left).toBeGreaterThan(4_000);
    expect(left).toBeLessThanOrEqual(5_000);
    await backend.leases.renew('key', token, LONG_MS);
    expect(await client.pttl('redis-cache:lease:{key}')).toBeGreaterThan(50_000);
    expect(await backend.leases.adopt('key', token, randomUUID(), 10 * LONG_MS)).toBe('adopted');
    expect(await client.pttl('redis-cache:lease:{key}')).toBeGreaterThan(9 * LONG_MS);
  });

  it('a tag keeps its version for the longest time requested', async () => {
    backend = backendOf({ url: server.url });
    await until(() => backend.ping().then(() => true), { what: 'the backend to respond' });
    const client = server.client();
    for (const [keepMs, atLeast] of [
      [100_000, 90_000],
      [1_000_000, 900_000],
      [10_000, 900_000],
    ] as const) {
      await backend.tags.ensure(['tag'], keepMs);
      expect(await client.pttl('redis-cache:tag:{tag}')).toBeGreaterThan(atLeast);
    }
  });

  it('the end of a computation is its own to the process that ended it alone', async () => {
    backend = backendOf({ url: server.url });
    const other = backendOf({ url: server.url });
    const heard = [backend, other].map(async ({ events }) => {
      let resolve: (own: boolean | undefined) => void;
      const end = new Promise<boolean | undefined>((resolved) => (resolve = resolved));
      const up = new Promise<void>((resolved) => {
        events.listen((event) => {
          if (event.type === 'up') resolved();
          else if (event.type === 'ended' && event.key === 'own') resolve(event.own);
        });
      });
      await within(up, { what: 'the subscription' });
      return { end };
    });
    const ends = await Promise.all(heard);
    const token = randomUUID();
    await backend.leases.acquire('own', token, LONG_MS, { seen: null, hasStale: false, force: false });
    await backend.leases.release('own', token);
    expect(await Promise.all(ends.map(({ end }) => end))).toEqual([true, false]);
    await other.close();
  });

  it('listeners that come during an outage learn that events are received once Redis is back', async () => {
    const own = await RedisServer.start();
    backend = backendOf({ url: own.url });
    const early: string[] = [];
    const late: string[] = [];
    backend.events.listen(({ type }) => early.push(type));
    await until(() => early.includes('up'), { what: 'the subscription' });
    await own.kill();
    await until(() => early.includes('down'), { what: 'the loss of the connection' });
    backend.events.listen(({ type }) => late.push(type));
    expect(late).toEqual([]);
    await own.restart();
    await until(() => late.includes('up'), { what: 'the subscription after the restart' });
    expect(early.at(-1)).toBe('up');
    await backend.close();
    await own.stop();
  });

  it('nothing listens on a connection that is opened after close()', async () => {
    const own = await RedisServer.start();
    backend = backendOf({ url: own.url });
    await until(() => backend.ping().then(() => true), { what: 'the backend to respond' });
    await backend.close();
    backend.events.listen(() => {});
    // Connections that were opened before are in the list by now.
    const client = own.client();
    await client.ping();
    const connected = String(await client.client('LIST'))
      .trim()
      .split('\n');
    await own.stop();
    expect(connected).toHaveLength(1);
  });
});
