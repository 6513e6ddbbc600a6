import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { until } from '@test/support/index.js';
import { readAll } from '@test/redis-cache/held-stream.js';
import { RedisCacheService } from '../core/redis-cache.service.js';
import { CachedStream } from './cached-stream.decorator.js';
import { RedisCacheModule } from './redis-cache.module.js';

const TEXT = {
  collect: (pieces: readonly string[]) => pieces.join('|'),
  replay: (text: string) => text.split('|'),
};

@Injectable()
class Stories {
  calls = 0;
  ended = 0;

  @CachedStream(TEXT)
  async *tell(topic: string): AsyncGenerator<string> {
    this.calls += 1;
    try {
      yield topic;
      yield 'end';
    } finally {
      this.ended += 1;
    }
  }

  @CachedStream({ ...TEXT, key: (id: number) => `story:${id}`, tags: (id: number) => ['stories', `${id}`] })
  async *byId(id: number): AsyncGenerator<string> {
    this.calls += 1;
    yield `story ${id}`;
  }

  @CachedStream(TEXT)
  tellNever(): AsyncIterable<string> {
    this.calls += 1;
    const end = (): void => void (this.ended += 1);
    return {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: async () => {
          end();
          return { done: true, value: undefined };
        },
      }),
    };
  }
}

async function read(stream: AsyncIterable<string>): Promise<string[]> {
  const reader = readAll(stream);
  expect(await reader.ended).toBeUndefined();
  return reader.pieces;
}

describe('@CachedStream()', () => {
  let app: TestingModule;
  let stories: Stories;
  let cache: RedisCacheService;

  beforeEach(async () => {
    app = await Test.createTestingModule({
      imports: [RedisCacheModule.forRoot({ backend: 'memory' })],
      providers: [Stories],
    }).compile();
    stories = app.get(Stories);
    cache = app.get(RedisCacheService);
  });

  afterEach(() => app.close());

  it('runs the method once for all callers, and replays it later', async () => {
    const both = [read(stories.tell('a')), read(stories.tell('a'))];
    expect(await Promise.all(both)).toEqual([
      ['a', 'end'],
      ['a', 'end'],
    ]);
    expect(await read(stories.tell('a'))).toEqual(['a', 'end']);
    expect(await read(stories.tell('b'))).toEqual(['b', 'end']);
    expect(stories.calls).toBe(2);
  });

  it('takes key and tags from the arguments', async () => {
    await read(stories.byId(7));
    expect(await cache.getCachedResponse('story:7')).toBe('story 7');
    await cache.invalidateTags('stories');
    await read(stories.byId(7));
    expect(stories.calls).toBe(2);
  });

  it('ends the method when its only reader leaves', async () => {
    for await (const piece of stories.tell('a')) {
      expect(piece).toBe('a');
      break;
    }
    await until(() => stories.ended === 1, { what: 'the end of the method' });
    const iterator = stories.tellNever()[Symbol.asyncIterator]();
    const pending = iterator.next();
    await until(() => stories.calls === 2, { what: 'the call' });
    await iterator.return!();
    await expect(pending).rejects.toThrow();
    await until(() => stories.ended === 2, { what: 'the end of the silent method' });
    expect(await iterator.next()).toEqual({ done: true, value: undefined });
  });

  it('keeps the name of the method', () => {
    expect(Object.getPrototypeOf(stories).tell.name).toBe('tell');
  });

  it('fails for an object that Nest did not create, and on a static method', async () => {
    const reader = readAll(new Stories().tell('a'));
    expect(await reader.ended).toMatchObject({ code: 'ERR_CACHE_NOT_INJECTED' });
    const decorate = CachedStream(TEXT) as (target: object, name: string, descriptor: object) => void;
    expect(() => decorate(Stories, 'name', { value: () => [] })).toThrow(
      '@CachedStream() cannot decorate static',
    );
  });
});
