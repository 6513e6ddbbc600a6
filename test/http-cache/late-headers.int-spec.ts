import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import fastifyCookie from '@fastify/cookie';
import { Controller, Get, type INestApplication, Param, Req, Res, UseInterceptors } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import cookieSession from 'cookie-session';
import expressSession from 'express-session';
import { HttpCache, HttpCacheInterceptor } from 'nestjs-redis-cache/http';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer } from '@test/support/index.js';
import { HandlerScript } from './handler-script.js';
import { type HttpApp, HttpApps, type HttpResult, PLATFORMS } from './http-app.js';

interface RequestWithSession {
  session?: Record<string, unknown>;
  raw?: RequestWithSession;
}

interface FastifyCookieReply {
  setCookie?(name: string, value: string): unknown;
}

/** Handlers that leave a cookie to middleware, which writes it when the response is sent. */
@Controller('visits')
@UseInterceptors(HttpCacheInterceptor)
@HttpCache({ ttlSeconds: 100 })
class VisitsController {
  constructor(private readonly script: HandlerScript) {}

  @Get('session/:name')
  async session(@Param('name') name: string, @Req() request: RequestWithSession): Promise<unknown> {
    const visit = (await this.script.run(name)) as { call: number; anonymous?: boolean };
    if (!visit.anonymous) (request.raw ?? request).session!['visit'] = visit.call;
    return visit;
  }

  @Get('cookie/:name')
  async cookie(
    @Param('name') name: string,
    @Res({ passthrough: true }) reply: FastifyCookieReply,
  ): Promise<unknown> {
    const visit = (await this.script.run(name)) as { call: number; anonymous?: boolean };
    if (!visit.anonymous) reply.setCookie!('visit', String(visit.call));
    return visit;
  }
}

const withExpressSession = (app: INestApplication): unknown =>
  app.use(expressSession({ secret: 'test', resave: false, saveUninitialized: false }));
const withCookieSession = (app: INestApplication): unknown => app.use(cookieSession({ keys: ['test'] }));
const withFastifyCookie = (app: INestApplication): unknown =>
  (app as NestFastifyApplication).register(fastifyCookie);

type Prepare = (app: INestApplication) => unknown;

const SESSIONS: [name: string, path: string, prepare: Prepare][] = [
  ['express-session', '/visits/session/a', withExpressSession],
  ['cookie-session', '/visits/session/a', withCookieSession],
];
const CASES = [
  ...SESSIONS.flatMap((session) => PLATFORMS.map((platform) => [...platform, ...session] as const)),
  [...PLATFORMS[0]!, '@fastify/cookie', '/visits/cookie/a', withFastifyCookie] as const,
];

const apps = new HttpApps();
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterEach(() => apps.closeAll());

afterAll(() => redis.stop());

const callOf = ({ body }: HttpResult): number => (JSON.parse(body) as { call: number }).call;

describe.each(CASES)('on %s', (_platform, createAdapter, name, path, prepare) => {
  const start = (keyPrefix = freshPrefix()): Promise<HttpApp> =>
    apps.start(
      createAdapter,
      { connection: { url: redis.url }, keyPrefix },
      { controllers: [VisitsController] },
      prepare,
    );

  it(`never gives a response with a cookie of ${name} to another request`, async () => {
    const app = await start();
    app.script.on('a', (call) => ({ call }));
    const results = [...(await app.many(5, path)), await app.get(path)];
    expect(results.map(callOf).toSorted()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { status, cache, headers } of results) {
      expect([status, cache]).toEqual([200, 'fwd=miss']);
      expect(headers.get('set-cookie')).not.toBeNull();
    }
  });

  it(`stores responses without a cookie of ${name}, and shares them`, async () => {
    const app = await start();
    app.script.on('a', (call) => ({ call, anonymous: true }));
    const results = [...(await app.many(5, path)), await app.get(path)];
    expect(new Set(results.map(callOf))).toEqual(new Set([1]));
    expect(results.filter(({ cache }) => cache === 'fwd=miss; stored')).toHaveLength(1);
    expect(results.at(-1)!.cache).toBe('hit');
  });

  it(`gives no process a response with a cookie of ${name} of another`, async () => {
    const prefix = freshPrefix();
    const [one, two] = [await start(prefix), await start(prefix)];
    one.script.on('a', () => ({ call: 1 }));
    two.script.on('a', () => ({ call: 2 }));
    const results = await Promise.all([...threeTimes(one), ...threeTimes(two)]);
    expect(results.map(callOf)).toEqual([1, 1, 1, 2, 2, 2]);
  });

  const threeTimes = (app: HttpApp): Promise<HttpResult>[] => Array.from({ length: 3 }, () => app.get(path));
});
