import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Injectable, Logger, Scope, SetMetadata, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { RedisCacheModule } from './redis-cache.module.js';
import { RedisCacheService } from '../core/redis-cache.service.js';
import { getRedisCacheToken } from './redis-cache.tokens.js';
import { Cached } from './cached.decorator.js';

const MEMORY = { backend: 'memory' } as const;

interface Found {
  by: string;
  call: number;
}

@Injectable()
class Articles {
  calls = 0;

  @Cached()
  async find(id: string, options?: { lang?: string; page?: number }): Promise<Found> {
    return this.#count(`${id} ${options?.lang ?? ''}`);
  }

  @Cached({
    key: (id: string) => `article:${id}`,
    tags: (id: string) => ['articles', id],
    ttlSeconds: 60,
  })
  async findTagged(id: string, _unused: boolean): Promise<Found> {
    return this.#count(id);
  }

  @Cached({ key: 'all', name: 'other', tags: ['lists'] })
  async list(): Promise<Found> {
    return this.#count('list');
  }

  @Cached()
  async anything(_value: unknown): Promise<Found> {
    return this.#count('anything');
  }

  @Cached({ shouldCache: (found) => (found as Found).call > 1 })
  async second(): Promise<Found> {
    return this.#count('second');
  }

  @Cached({ tags: () => [''] })
  async wrong(): Promise<Found> {
    return this.#count('wrong');
  }

  @Cached()
  async fail(): Promise<Found> {
    this.calls += 1;
    throw new Error('no articles');
  }

  #count(by: string): Found {
    this.calls += 1;
    return { by, call: this.calls };
  }
}

@Injectable()
class News extends Articles {
  // Calls the method it overrides; with the same key it would wait for itself.
  @Cached()
  override async find(id: string): Promise<Found> {
    const found = await super.find(id);
    return { ...found, by: `news ${found.by}` };
  }

  @Cached()
  async latest(): Promise<string> {
    return 'latest';
  }
}

@Injectable()
class Weather extends Articles {}

@Injectable({ scope: Scope.TRANSIENT })
class Scoped {
  calls = 0;
  user = 'nobody';

  @Cached({
    key(this: Scoped, id: string) {
      return `scoped:${this.user}:${id}`;
    },
  })
  async find(id: string): Promise<string> {
    this.calls += 1;
    return `${id} for ${this.user}`;
  }
}

let app: TestingModule | undefined;

async function start(...providers: Type[]): Promise<TestingModule> {
  const imports = [RedisCacheModule.forRoot(MEMORY), RedisCacheModule.forRoot({ ...MEMORY, name: 'other' })];
  app = await Test.createTestingModule({ imports, providers }).compile();
  return app.init();
}

beforeAll(() => Logger.overrideLogger(false));

afterEach(async () => {
  await app?.close();
  app = undefined;
});

describe('@Cached()', () => {
  it('runs the method once for the same arguments, in any order of their properties', async () => {
    const articles = (await start(Articles)).get(Articles);
    const first = await articles.find('a', { lang: 'en', page: 1 });
    expect(await articles.find('a', { page: 1, lang: 'en' })).toEqual(first);
    expect(articles.calls).toBe(1);
  });

  it('runs the method again for other arguments', async () => {
    const articles = (await start(Articles)).get(Articles);
    const found = [
      await articles.find('a'),
      await articles.find('b'),
      await articles.find('a', { lang: 'en' }),
    ];
    expect(found.map(({ by }) => by)).toEqual(['a ', 'b ', 'a en']);
    expect(articles.calls).toBe(3);
  });

  it('treats an omitted parameter like undefined', async () => {
    const articles = (await start(Articles)).get(Articles);
    await articles.find('a');
    await articles.find('a', undefined);
    expect(articles.calls).toBe(1);
  });

  it('runs the method once for simultaneous callers', async () => {
    const articles = (await start(Articles)).get(Articles);
    const found = await Promise.all(Array.from({ length: 20 }, () => articles.find('a')));
    expect(new Set(found.map(({ call }) => call))).toEqual(new Set([1]));
  });

  it('returns a frozen value', async () => {
    const articles = (await start(Articles)).get(Articles);
    const found = await articles.find('a');
    expect(() => (found.by = 'me')).toThrow(TypeError);
  });

  it.each<[string, unknown]>([
    ['a Map', new Map()],
    ['a class instance', new Articles()],
    ['a function', () => 1],
    ['NaN', { deep: [NaN] }],
    ['a bigint', 1n],
  ])('rejects %s as an argument, and names its position', async (_what, value) => {
    const articles = (await start(Articles)).get(Articles);
    await expect(articles.anything(value)).rejects.toMatchObject({
      code: 'ERR_CACHE_INVALID_KEY_PART',
      field: expect.stringMatching(/^arguments\.0/),
    });
    expect(articles.calls).toBe(0);
  });

  it('derives key and tags from the arguments', async () => {
    const module = await start(Articles);
    const [articles, cache] = [module.get(Articles), module.get(RedisCacheService)];
    await articles.findTagged('a', true);
    expect(await cache.getCachedResponse('article:a')).toEqual({ by: 'a', call: 1 });
    await cache.invalidateTags('a');
    expect(await articles.findTagged('a', true)).toEqual({ by: 'a', call: 2 });
  });

  it('uses the instance of the given name', async () => {
    const module = await start(Articles);
    const articles = module.get(Articles);
    await articles.list();
    expect(await module.get(RedisCacheService).getCachedResponse('all')).toBeNull();
    expect(await module.get<RedisCacheService>(getRedisCacheToken('other')).getCachedResponse('all')).toEqual(
      {
        by: 'list',
        call: 1,
      },
    );
  });

  it('passes the other options on', async () => {
    const articles = (await start(Articles)).get(Articles);
    const calls = [await articles.second(), await articles.second(), await articles.second()];
    expect(calls.map(({ call }) => call)).toEqual([1, 2, 2]);
    await expect(articles.wrong()).rejects.toMatchObject({ code: 'ERR_CACHE_INVALID_TAG' });
  });

  it('rejects with the error of the method, and caches no failure', async () => {
    const articles = (await start(Articles)).get(Articles);
    await expect(articles.fail()).rejects.toThrow('no articles');
    await expect(articles.fail()).rejects.toThrow('no articles');
    expect(articles.calls).toBe(2);
  });

  it('works with inheritance, and keeps the results of subclasses apart', async () => {
    const module = await start(Articles, News, Weather);
    const [news, weather] = [module.get(News), module.get(Weather)];
    expect(await news.find('a')).toEqual({ by: 'news a ', call: 1 });
    expect(await news.find('a')).toEqual({ by: 'news a ', call: 1 });
    expect(await weather.find('a')).toEqual({ by: 'a ', call: 1 });
    expect(await news.latest()).toBe('latest');
    expect([news.calls, weather.calls, module.get(Articles).calls]).toEqual([1, 1, 0]);
  });

  it('passes the object to the key function, in a transient provider', async () => {
    const module = await start(Scoped);
    const [ann, bob] = [await module.resolve(Scoped), await module.resolve(Scoped)];
    [ann.user, bob.user] = ['ann', 'bob'];
    expect([await ann.find('x'), await bob.find('x'), await ann.find('x')]).toEqual([
      'x for ann',
      'x for bob',
      'x for ann',
    ]);
    expect([ann.calls, bob.calls]).toEqual([1, 1]);
  });

  it('adds no visible property to the object', async () => {
    const articles = (await start(Articles)).get(Articles);
    expect(Object.getOwnPropertyNames(articles)).toEqual(['calls']);
    expect(Object.getOwnPropertySymbols({ ...articles })).toEqual([]);
  });

  it('keeps name, length and metadata of the method', () => {
    class Marked {
      @Cached()
      @SetMetadata('mark', 'set')
      async find(_id: string, _lang: string): Promise<void> {}
    }
    // oxlint-disable-next-line typescript/unbound-method
    const { find } = Marked.prototype;
    expect([find.name, find.length, Reflect.getMetadata('mark', find)]).toEqual(['find', 2, 'set']);
  });

  it('rejects if Nest did not create the object', async () => {
    await expect(new Articles().find('a')).rejects.toMatchObject({
      code: 'ERR_CACHE_NOT_INJECTED',
      field: 'Articles.find',
    });
  });

  it('fails the start of an application without the cache', async () => {
    const compiling = Test.createTestingModule({ providers: [Articles] }).compile();
    await expect(compiling).rejects.toThrow(/RedisCacheService/);
  });

  it('refuses a static method at the definition of the class', () => {
    expect(() => {
      class Static {
        @Cached()
        static async find(): Promise<void> {}
      }
      return Static;
    }).toThrow(TypeError);
  });

  it('applies only to methods that accept the arguments of key and tags', () => {
    class Typed {
      @Cached({ key: (id: string) => id })
      async good(id: string, more?: number): Promise<string> {
        return `${id}${more}`;
      }

      // @ts-expect-error: the key takes a number, the method a string
      @Cached({ key: (id: number) => `${id}` })
      async bad(id: string): Promise<string> {
        return id;
      }
    }
    expect(Typed.name).toBe('Typed');
  });
});
