import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { NotFoundException } from '@nestjs/common';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer, until } from '@test/support/index.js';
import { type Answer, type HttpApp, HttpApps, PLATFORMS } from './http-app.js';
import { PagesController } from './pages.controller.js';

const apps = new HttpApps();
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterEach(() => apps.closeAll());

afterAll(() => redis.stop());

/** A door that handlers wait at. */
class Gate {
  open!: () => void;
  readonly opened = new Promise<void>((resolve) => (this.open = resolve));
}

/** Everything that lies in Redis, keys and values, as text. */
async function contents(): Promise<string> {
  const client = redis.client();
  const keys = await client.keys('*');
  const values = await Promise.all(keys.map((key) => client.getBuffer(key).catch(() => null)));
  return [...keys, ...values.map((value) => value?.toString('latin1') ?? '')].join('\n');
}

/** Resolves when a process waits for what another computes: for that it listens. */
async function waiting(): Promise<void> {
  const client = redis.client();
  await until(async () => ((await client.pubsub('CHANNELS', '*')) as string[]).length > 0, {
    what: 'a process that waits',
  });
}

const bodies = (answers: Answer[]): string[] => [...new Set(answers.map(({ body }) => body))].toSorted();

describe.each(PLATFORMS)('HttpCacheInterceptor on %s', (_platform, createAdapter) => {
  const start = (keyPrefix = freshPrefix()): Promise<HttpApp> =>
    apps.start(
      createAdapter,
      { connection: { url: redis.url }, keyPrefix },
      { controllers: [PagesController] },
    );

  it('runs the handler once for 50 requests at the same time', async () => {
    const app = await start();
    const door = new Gate();
    app.desk.on('a', async (call) => {
      await door.opened;
      return { call };
    });
    const asking = app.many(50, '/pages/plain/a');
    await app.desk.called('a', 1);
    door.open();
    const answers = await asking;
    expect(bodies(answers)).toEqual(['{"call":1}']);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(answers.filter(({ cache }) => cache === 'fwd=miss; stored')).toHaveLength(1);
    expect(app.desk.calls('a')).toBe(1);
  });

  it('runs the handler once in two processes, and a failure answers in both as the handler did', async () => {
    const prefix = freshPrefix();
    const [one, two] = [await start(prefix), await start(prefix)];
    const door = new Gate();
    const fail = async (): Promise<never> => {
      await door.opened;
      throw new NotFoundException({ title: 'No such page', code: 7 });
    };
    one.desk.on('a', fail);
    two.desk.on('a', fail);
    const first = one.get('/pages/plain/a');
    await one.desk.called('a', 1);
    const others = two.many(3, '/pages/plain/a');
    await waiting();
    door.open();
    const answers = [await first, ...(await others)];
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([404]));
    expect(bodies(answers)).toEqual(['{"title":"No such page","code":7}']);
    expect([one.desk.calls('a'), two.desk.calls('a')]).toEqual([1, 0]);
  });

  it('takes what another process has just computed for young enough', async () => {
    const prefix = freshPrefix();
    const [one, two] = [await start(prefix), await start(prefix)];
    const door = new Gate();
    one.desk.on('a', () => door.opened.then(() => 'by one'));
    const first = one.get('/pages/plain/a');
    await one.desk.called('a', 1);
    const second = two.get('/pages/plain/a', { 'Cache-Control': 'max-age=5' });
    await waiting();
    door.open();
    expect([(await first).body, (await second).body]).toEqual(['by one', 'by one']);
    expect((await second).cache).toBe('fwd=miss; collapsed');
    expect(two.desk.calls('a')).toBe(0);
  });

  it('gives no user the response of another', async () => {
    const app = await start();
    const users = [undefined, 'Bearer ann-secret', 'Bearer bob-secret', ''];
    const ask = (user: string | undefined): Promise<Answer> =>
      app.get('/pages/me/a', user === undefined ? {} : { Authorization: user });
    const first = await Promise.all(users.map(ask));
    const second = await Promise.all(users.map(ask));
    const expected = ['nobody', 'Bearer ann-secret', 'Bearer bob-secret', ''];
    for (const answers of [first, second]) {
      expect(answers.map(({ body }) => (JSON.parse(body) as { user: string }).user)).toEqual(expected);
    }
    expect(second.map(({ cache }) => cache)).toEqual(['hit', 'hit', 'hit', 'hit']);
  });

  it('does not leave an Authorization header in Redis', async () => {
    const app = await start();
    await app.get('/pages/plain/with-token', { Authorization: 'Bearer very-secret' });
    await app.get('/pages/keyed/with-token', { Authorization: 'Bearer very-secret' });
    const stored = await contents();
    expect(stored).toContain('with-token');
    expect(stored).not.toContain('very-secret');
  });

  it('keeps users apart under a key of one’s own, too', async () => {
    const app = await start();
    await app.get('/pages/keyed/a', { Authorization: 'Bearer ann' });
    expect((await app.get('/pages/keyed/a', { Authorization: 'Bearer bob' })).cache).toBe('fwd=miss; stored');
    expect((await app.get('/pages/keyed/a')).cache).toBe('fwd=miss; stored');
  });

  it('shares among users only when told so', async () => {
    const app = await start();
    await app.get('/pages/everybody/a', { Authorization: 'Bearer ann' });
    expect((await app.get('/pages/everybody/a', { Authorization: 'Bearer bob' })).cache).toBe('hit');
  });

  it('tells requests apart by the headers it is told of', async () => {
    const app = await start();
    const ask = (language: string): Promise<Answer> =>
      app.get('/pages/language/a', { 'Accept-Language': language });
    expect([(await ask('de')).cache, (await ask('fr')).cache, (await ask('de')).cache]).toEqual([
      'fwd=miss; stored',
      'fwd=miss; stored',
      'hit',
    ]);
  });

  it('never caches nor shares a response that sets a cookie', async () => {
    const app = await start();
    const door = new Gate();
    app.desk.on('a', async (call) => {
      await door.opened;
      return { call };
    });
    const asking = app.many(5, '/pages/cookie/a');
    await app.desk.called('a', 1);
    door.open();
    const answers = [...(await asking), await app.get('/pages/cookie/a')];
    expect(new Set(answers.map(({ cache }) => cache))).toEqual(new Set(['fwd=miss']));
    const sessions = answers.map(({ headers }) => headers.get('set-cookie')).toSorted();
    expect(sessions).toEqual(['session=1', 'session=2', 'session=3', 'session=4', 'session=5', 'session=6']);
    for (const { body, headers } of answers) {
      expect(`session=${(JSON.parse(body) as { call: number }).call}`).toBe(headers.get('set-cookie'));
    }
  });

  it('gives no process the cookie of another', async () => {
    const prefix = freshPrefix();
    const [one, two] = [await start(prefix), await start(prefix)];
    const door = new Gate();
    one.desk.on('a', async () => {
      await door.opened;
      return { call: 'one' };
    });
    two.desk.on('a', () => ({ call: 'two' }));
    const first = one.get('/pages/cookie/a');
    await one.desk.called('a', 1);
    const second = two.get('/pages/cookie/a');
    await waiting();
    door.open();
    expect((await first).headers.get('set-cookie')).toBe('session=one');
    expect((await second).headers.get('set-cookie')).toBe('session=two');
    expect(JSON.parse((await second).body)).toEqual({ call: 'two' });
  });

  it.each(['accepted', 'secret', 'languages'])('does not cache a response that is %s', async (kind) => {
    const app = await start();
    const answers = [await app.get(`/pages/${kind}/a`), await app.get(`/pages/${kind}/a`)];
    expect(answers.map(({ body, cache }) => [body, cache])).toEqual([
      ['{"name":"a","call":1}', 'fwd=miss'],
      ['{"name":"a","call":2}', 'fwd=miss'],
    ]);
  });

  it.each(['off', 'sent', 'redirect', 'events'])(
    'has no request wait for another where nothing is cached: %s',
    async (kind) => {
      const app = await start();
      const door = new Gate();
      app.desk.on('a', async (call) => {
        if (call === 1) await door.opened;
        return { call };
      });
      const first = app.get(`/pages/${kind}/a`);
      await app.desk.called('a', 1);
      const { status, cache } = await app.get(`/pages/${kind}/a`);
      expect([status, cache]).toEqual([kind === 'redirect' ? 302 : 200, '']);
      door.open();
      expect((await first).status).toBe(status);
    },
  );

  it.each(['off', 'file', 'stream', 'sent', 'redirect', 'events'])(
    'passes through what it does not cache: %s',
    async (kind) => {
      const app = await start();
      const answers = await app.many(5, `/pages/${kind}/a`);
      expect(app.desk.calls('a')).toBe(5);
      expect(new Set(answers.map(({ status }) => status))).toEqual(
        new Set([kind === 'redirect' ? 302 : 200]),
      );
      if (kind === 'redirect') return;
      const calls = answers.map(({ body }) => Number(/"call":(\d)/.exec(body)?.[1]));
      expect(calls.toSorted()).toEqual([1, 2, 3, 4, 5]);
    },
  );
});
