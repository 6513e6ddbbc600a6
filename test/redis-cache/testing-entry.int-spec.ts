import * as framework from '@jest/globals';
import { afterEach, describe, expect, it } from '@jest/globals';
import { Injectable } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { RedisCacheHealthIndicator, RedisCacheService } from 'nestjs-redis-cache';
import {
  backendConformance,
  ChaosBackend,
  createTestingCache,
  FakeClock,
  MemoryBackend,
  RedisCacheTestingModule,
} from 'nestjs-redis-cache/testing';
import { ManagedProcess } from '@test/support/index.js';

const MAX_BYTES = 16 * 1024 * 1024;

@Injectable()
class Answers {
  constructor(readonly cache: RedisCacheService) {}

  answer(question: string): Promise<string> {
    return this.cache.getOrSet(question, async () => `the answer to ${question}`, { ttlSeconds: 60 });
  }
}

describe('nestjs-redis-cache/testing', () => {
  const running: { close(): Promise<unknown> }[] = [];

  afterEach(async () => {
    await Promise.all(running.splice(0).map((one) => one.close()));
  });

  it('has a module that provides the classes of the package', async () => {
    const app = await Test.createTestingModule({
      imports: [RedisCacheTestingModule.forRoot()],
      providers: [Answers],
    }).compile();
    running.push(await app.init());
    expect(app.get(RedisCacheHealthIndicator)).toBeInstanceOf(RedisCacheHealthIndicator);
    const { cache } = app.get(Answers);
    expect(cache).toBeInstanceOf(RedisCacheService);
    expect(await app.get(Answers).answer('why')).toBe('the answer to why');
    app.get(FakeClock).advance(30_000);
    expect(await cache.lookup('why')).toMatchObject({ status: 'hit', ageSeconds: 30, ttlSeconds: 30 });
    app.get(FakeClock).advance(30_000);
    expect(await cache.lookup('why')).toEqual({ status: 'miss' });
  });

  it('has a cache that works while its backend is cut off, and stores the result afterwards', async () => {
    const memory = new MemoryBackend({ maxBytes: MAX_BYTES });
    const chaos = new ChaosBackend(memory);
    const cache = createTestingCache({ backend: chaos });
    running.push(cache);
    chaos.goDown();
    expect(await cache.getOrSetEntry('key', () => 'value')).toMatchObject({
      status: 'bypass',
      value: 'value',
    });
    expect(await memory.entries.get('key')).toBeNull();
    const stored = new Promise<void>((resolve) => {
      const { setUnlessYounger } = memory.entries;
      memory.entries.setUnlessYounger = async (...args) => {
        const written = await setUnlessYounger.apply(memory.entries, args);
        resolve();
        return written;
      };
    });
    chaos.comeUp();
    await stored;
    expect(await cache.getCachedResponse('key')).toBe('value');
  });

  it('keeps a process running while an operation hangs, until the cache is closed', async () => {
    const script = `const { ChaosBackend, createTestingCache, MemoryBackend } = await import('nestjs-redis-cache/testing');
      const backend = new ChaosBackend(new MemoryBackend({ maxBytes: 1_000 }), { hangRate: 1 });
      const cache = createTestingCache({ backend, commandTimeoutMs: 50 });
      console.log('answer', await cache.getCachedResponse('key'));
      await cache.close();`;
    const child = new ManagedProcess(process.execPath, ['--input-type=module', '--eval', script], {
      env: {},
    });
    await child.waitForLine(/^answer null$/);
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });

  it('needs no test framework to be loaded', async () => {
    const script = `const testing = await import('nestjs-redis-cache/testing');
      console.log(Object.keys(testing).sort().join());
      try { testing.backendConformance({ name: 'x', setUp: () => {} }); } catch (error) { console.log(error.message); }`;
    const child = new ManagedProcess(process.execPath, ['--input-type=module', '--eval', script], {
      env: {},
    });
    await child.waitForLine(
      /^ChaosBackend,ChaosError,FakeClock,MemoryBackend,RedisCacheTestingModule,backendConformance,createTestingCache$/,
    );
    await child.waitForLine(/pass them as `framework`/);
    expect(await child.exited).toEqual({ code: 0, signal: null });
  });
});

backendConformance({
  name: 'memory, by the name of the package',
  framework,
  setUp: () => {
    const clock = new FakeClock();
    return {
      backend: new MemoryBackend({ maxBytes: MAX_BYTES, now: clock.now }),
      passTime: (ms) => clock.advance(ms),
    };
  },
});
