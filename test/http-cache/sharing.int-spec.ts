import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer, until } from '@test/support/index.js';
import { type HttpResult, type HttpApp, HttpApps, PLATFORMS } from './http-app.js';
import { PagesController } from './pages.controller.js';

const apps = new HttpApps();
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterEach(() => apps.closeAll());

afterAll(() => redis.stop());

/** A gate at which handlers wait. */
class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** All keys and values in Redis, as text. */
async function contents(): Promise<string> {
  const client = redis.client();
  const keys = await client.keys('*');
  const values = await Promise.all(keys.map((key) => client.getBuffer(key).catch(() => null)));
  return [...keys, ...values.map((value) => value?.toString('latin1') ?? '')].join('\n');
}

/** Resolves when a process waits for the computation of another one, for which it subscribes to a channel. */
async function waiting(): Promise<void> {
  const client = redis.client();
  await until(async () => ((await client.pubsub('CHANNELS', '*')) as string[]).length > 0, {
    what: 'a process that waits',
  });
}

const bodies = (results: HttpResult[]): string[] => [...new Set(results.map(({ body }) => body))].toSorted();

describe.each(PLATFORMS)('HttpCacheInterceptor on %s', (_platform, createAdapter) => {
  const start = (keyPrefix = freshPrefix()): Promise<HttpApp> =>
    apps.start(
      createAdapter,
      { connection: { url: redis.url }, keyPrefix },
      { controllers: [PagesController] },
    );

  it('runs the handler once for 50 requests at the same time', async () => {
    const app = await start();
    const gate = new Gate();
    app.script.on('a', async (call) => {
      await gate.opened;
      return { call };
    });
    const pending = app.many(50, '/pages/plain/a');
    await app.script.called('a', 1);
    gate.open();
    const results = await pending;
    expect(bodies(results)).toEqual(['{"call":1}']);
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([200]));
    expect(results.filter(({ cache }) => cache === 'fwd=miss; stored')).toHaveLength(1);
    expect(app.script.calls('a')).toBe(1);
  });

  it('runs the handler once in two processes, and both reply with its failure', async () => {
    const prefix = freshPrefix();
    const [one, two] = [await start(prefix), await start(prefix)];
    const gate = new Gate();
    const fail = async (): Promise<never> => {
      await gate.opened;
      throw new NotFoundException({ title: 'No such page', code: 7 });
    };
    one.script.on('a', fail);
    two.script.on('a', fail);
    const first = one.get('/pages/plain/a');
    await one.script.called('a', 1);
    const others = two.many(3, '/pages/plain/a');
    await waiting();
    gate.open();
    const results = [await first, ...(await others)];
    expect(new Set(results.map(({ status }) => status))).toEqual(new Set([404]));
    expect(bodies(results)).toEqual(['{"title":"No such page","code":7}']);
    expect([one.script.calls('a'), two.script.calls('a')]).toEqual([1, 0]);
  });

  it('accepts the response that another process has just computed, whatever max-age says', async () => {
    const prefix = freshPrefix();
    const [one, two] = [await start(prefix), await start(prefix)];
    const gate = new Gate();
    one.script.on('a', () => gate.opened.then(() => 'by one'));
    const first = one.get('/pages/plain/a');
    await one.script.called('a', 1);
    const second = two.get('/pages/plain/a', { 'Cache-Control': 'max-age=5' });
    await waiting();
    gate.open();
    expect([(await first).body, (await second).body]).toEqual(['by one', 'by one']);
    expect((await second).cache).toBe('fwd=miss; collapsed');
    expect(two.script.calls('a')).toBe(0);
  });

  it('never gives a user the response of another', async () => {
    const app = await start();
    const users = [undefined, 'Bearer ann-secret', 'Bearer bob-secret', ''];
    const ask = (user: string | undefined): Promise<HttpResult> =>
      app.get('/pages/me/a', user === undefined ? {} : { Authorization: user });
    const first = await Promise.all(users.map(ask));
    const second = await Promise.all(users.map(ask));
    const expected = ['nobody', 'Bearer ann-secret', 'Bearer bob-secret', ''];
    for (const results of [first, second]) {
      expect(results.map(({ body }) => (JSON.parse(body) as { user: string }).user)).toEqual(expected);
    }
    expect(second.map(({ cache }) => cache)).toEqual(['hit', 'hit', 'hit', 'hit']);
  });

  it('never stores an Authorization header in Redis', async () => {
    const app = await start();
    await app.get('/pages/plain/with-token', { Authorization: 'Bearer very-secret' });
    await app.get('/pages/keyed/with-token', { Authorization: 'Bearer very-secret' });
    const stored = await contents();
    expect(stored).toContain('with-token');
    expect(stored).not.toContain('very-secret');
  });

  it('keeps users apart with a custom key too', async () => {
    const app = await start();
    await app.get('/pages/keyed/a', { Authorization: 'Bearer ann' });
    expect((await app.get('/pages/keyed/a', { Authorization: 'Bearer bob' })).cache).toBe('fwd=miss; stored');
    expect((await app.get('/pages/keyed/a')).cache).toBe('fwd=miss; stored');
  });

  it('shares responses among users only with varyByAuthorization: false', async () => {
    const app = await start();
    await app.get('/pages/everybody/a', { Authorization: 'Bearer ann' });
    expect((await app.get('/pages/everybody/a', { Authorization: 'Bearer bob' })).cache).toBe('hit');
  });

  it('distinguishes requests by the headers in varyByHeaders', async () => {
    const app = await start();
    const ask = (language: string): Promise<HttpResult> =>
      app.get('/pages/language/a', { 'Accept-Language': language });
    expect([(await ask('de')).cache, (await ask('fr')).cache, (await ask('de')).cache]).toEqual([
      'fwd=miss; stored',
      'fwd=miss; stored',
      'hit',
    ]);
  });

  it('neither caches nor shares a response that sets a cookie', async () => {
    const app = await start();
    const gate = new Gate();
    app.script.on('a', async (call) => {
      await gate.opened;
      return { call };
    });
    const pending = app.many(5, '/pages/cookie/a');
    await app.script.called('a', 1);
    gate.open();
    const results = [...(await pending), await app.get('/pages/cookie/a')];
    expect(new Set(results.map(({ cache }) => cache))).toEqual(new Set(['fwd=miss']));
    const sessions = results.map(({ headers }) => headers.get('set-cookie')).toSorted();
    expect(sessions).toEqual(['session=1', 'session=2', 'session=3', 'session=4', 'session=5', 'session=6']);
    for (const { body, headers } of results) {
      expect(`session=${(JSON.parse(body) as { call: number }).call}`).toBe(headers.get('set-cookie'));
    }
  });

  it('never gives a process the cookie of another', async () => {
    const prefix = freshPrefix();
    const [one, two] = [await start(prefix), await start(prefix)];
    const gate = new Gate();
    one.script.on('a', async () => {
      await gate.opened;
      return { call: 'one' };
    });
    two.script.on('a', () => ({ call: 'two' }));
    const first = one.get('/pages/cookie/a');
    await one.script.called('a', 1);
    const second = two.get('/pages/cookie/a');
    await waiting();
    gate.open();
    expect((await first).headers.get('set-cookie')).toBe('session=one');
    expect((await second).headers.get('set-cookie')).toBe('session=two');
    expect(JSON.parse((await second).body)).toEqual({ call: 'two' });
  });

  it.each(['accepted', 'secret', 'languages'])('does not cache a response that is %s', async (kind) => {
    const app = await start();
    const results = [await app.get(`/pages/${kind}/a`), await app.get(`/pages/${kind}/a`)];
    expect(results.map(({ body, cache }) => [body, cache])).toEqual([
      ['{"name":"a","call":1}', 'fwd=miss'],
      ['{"name":"a","call":2}', 'fwd=miss'],
    ]);
  });

  it.each(['off', 'sent', 'redirect', 'events'])(
    'lets no request wait for another if nothing is cached: %s',
    async (kind) => {
      const app = await start();
      const gate = new Gate();
      app.script.on('a', async (call) => {
        if (call === 1) await gate.opened;
        return { call };
      });
      const first = app.get(`/pages/${kind}/a`);
      await app.script.called('a', 1);
      const { status, cache } = await app.get(`/pages/${kind}/a`);
      expect([status, cache]).toEqual([kind === 'redirect' ? 302 : 200, '']);
      gate.open();
      expect((await first).status).toBe(status);
    },
  );

  it.each(['off', 'file', 'stream', 'sent', 'redirect', 'events'])(
    'passes uncached responses through: %s',
    async (kind) => {
      const app = await start();
      const results = await app.many(5, `/pages/${kind}/a`);
      expect(app.script.calls('a')).toBe(5);
      expect(new Set(results.map(({ status }) => status))).toEqual(
        new Set([kind === 'redirect' ? 302 : 200]),
      );
      if (kind === 'redirect') return;
      const calls = results.map(({ body }) => Number(/"call":(\d)/.exec(body)?.[1]));
      expect(calls.toSorted()).toEqual([1, 2, 3, 4, 5]);
    },
  );
});
