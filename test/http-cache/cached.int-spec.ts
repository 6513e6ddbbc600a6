import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Get,
  Headers,
  Inject,
  Injectable,
  NotFoundException,
  Param,
  Scope,
  UseInterceptors,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Cached, RedisCacheModule, type RedisCacheOptions } from 'nestjs-redis-cache';
import { HttpCache, HttpCacheInterceptor } from 'nestjs-redis-cache/http';
import { freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { RedisServer } from '@test/support/index.js';
import { HandlerScript } from './handler-script.js';
import { type HttpApp, HttpApps, PLATFORMS } from './http-app.js';

interface RequestWithUser {
  headers: { 'x-user'?: string };
}

/** Created for each request, with access to its user. */
@Injectable({ scope: Scope.REQUEST })
class Profiles {
  constructor(
    @Inject(REQUEST) private readonly request: RequestWithUser,
    private readonly script: HandlerScript,
  ) {}

  @Cached({ ttlSeconds: 60 })
  async shared(name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Cached({
    key(this: Profiles, name: string) {
      return `profile:${this.user}:${name}`;
    },
  })
  async own(name: string): Promise<unknown> {
    return { user: this.user, page: await this.script.run(name) };
  }

  get user(): string {
    return this.request.headers['x-user'] ?? 'nobody';
  }
}

/** Request-scoped because of its provider, with cached methods of its own. */
@Controller()
class ProfilesController {
  constructor(
    private readonly profiles: Profiles,
    private readonly script: HandlerScript,
  ) {}

  @Get('shared/:name')
  shared(@Param('name') name: string): Promise<unknown> {
    return this.profiles.shared(name);
  }

  @Get('own/:name')
  own(@Param('name') name: string): Promise<unknown> {
    return this.profiles.own(name);
  }

  @Cached({ name: 'other', key: (name: string) => `above:${name}` })
  @Get('above/:name')
  above(@Param('name') name: string, @Headers('x-user') _user?: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('below/:name')
  @Cached({ key: (name: string) => `below:${name}` })
  below(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }

  @Get('both/:name')
  @UseInterceptors(HttpCacheInterceptor)
  @HttpCache({ name: 'other' })
  @Cached()
  both(@Param('name') name: string): Promise<unknown> {
    return this.script.run(name);
  }
}

const apps = new HttpApps();
let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterEach(() => apps.closeAll());

afterAll(() => redis.stop());

describe.each(PLATFORMS)('@Cached() on %s', (_platform, createAdapter) => {
  const start = (): Promise<HttpApp> => {
    const options: RedisCacheOptions = { connection: { url: redis.url }, keyPrefix: freshPrefix() };
    const other = RedisCacheModule.forRoot({ ...options, keyPrefix: freshPrefix(), name: 'other' });
    return apps.start(createAdapter, options, {
      imports: [other],
      controllers: [ProfilesController],
      providers: [Profiles],
    });
  };

  it('caches across the instances of a request-scoped provider', async () => {
    const app = await start();
    const results = [...(await app.many(10, '/shared/a')), await app.get('/shared/a')];
    expect(new Set(results.map(({ body }) => body))).toEqual(new Set(['{"name":"a","call":1}']));
  });

  it('can use the state of a request-scoped provider in the key', async () => {
    const app = await start();
    const users = ['ann', 'bob', 'ann'];
    const results = await Promise.all(users.map((user) => app.get('/own/a', { 'X-User': user })));
    expect(results.map(({ body }) => (JSON.parse(body) as { user: string }).user)).toEqual(users);
    expect(app.script.calls('a')).toBe(2);
  });

  it.each(['above', 'below', 'both'])(
    'works on a handler of a controller, %s its other decorators',
    async (where) => {
      const app = await start();
      await app.get(`/${where}/a`);
      const result = await app.get(`/${where}/a`);
      expect([result.status, result.body]).toEqual([200, '{"name":"a","call":1}']);
      expect(app.script.calls('a')).toBe(1);
    },
  );

  it('uses the named instance for responses too', async () => {
    const app = await start();
    await app.get('/both/a');
    // The method's result is stored in the default instance, the response in the other.
    await app.cache.clearCache();
    expect((await app.get('/both/a')).cache).toBe('hit');
  });

  it('leaves failures to the exception filters', async () => {
    const app = await start();
    app.script.on('a', () => {
      throw new NotFoundException('no such profile');
    });
    expect((await app.get('/below/a')).status).toBe(404);
    expect((await app.get('/both/a')).status).toBe(404);
  });
});
