import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService } from 'nestjs-redis-cache';
import { Caches, freshPrefix } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { RECOVERY_LIMIT_MS } from '@test/fixtures/redis-cache/recovery.js';
import { MovingName, Stopwatch, until } from '@test/support/index.js';

describe('a fail-over behind one name', () => {
  const caches = new Caches();
  let name: MovingName;
  let cache: RedisCacheService;
  let onNext: RedisCacheService;
  let log: LogCapture;

  beforeEach(async () => {
    name = await MovingName.start();
    log = LogCapture.start();
    const keyPrefix = freshPrefix();
    cache = caches.create({ connection: name.address, keyPrefix, near: {} });
    expect(await cache.cacheResponse('key', 'value')).toBe(true);
    const { host, port } = name.next;
    onNext = caches.create({ connection: { host, port }, keyPrefix });
  });

  afterEach(async () => {
    await caches.closeAll();
    await name.stop();
  });

  it('leads to the new master within a second of the name, and reads go on meanwhile', async () => {
    await name.demote();
    const opened = name.proxy.connections;
    // Longer than two pauses of the back-off.
    for (const end = performance.now() + 1_500; performance.now() < end;) {
      expect(await cache.cacheResponse('other', 1)).toBe(false);
      expect(await cache.lookup('key')).toMatchObject({ status: 'hit' });
    }
    expect(name.proxy.connections - opened).toBeLessThan(15);
    expect(log.lines).toEqual(['Redis refuses writes (READONLY); reads go on']);
    name.move();
    const moved = Stopwatch.start();
    await until(() => cache.getStatus().writable, { what: 'the new master, without any call', everyMs: 5 });
    expect(moved.stop()).toBeLessThan(RECOVERY_LIMIT_MS);
    expect(await cache.cacheResponse('other', 1)).toBe(true);
    expect(await onNext.getCachedResponse('other')).toBe(1);
    expect(log.lines.slice(1)).toEqual([
      expect.stringMatching(/^Redis is unavailable \(a read-only server was left/),
      expect.stringMatching(/^Redis is back after/),
    ]);
  });

  it('calls a factory once more at most, and the near cache follows the new master', async () => {
    await name.demote();
    name.move();
    let calls = 0;
    const compute = async (): Promise<number> => (calls += 1);
    await until(async () => (await cache.getOrSetEntry('computed', compute)).status === 'hit', {
      what: 'the value to be stored',
    });
    expect(calls).toBeLessThanOrEqual(3);
    await until(async () => (await cache.lookup('key')).status === 'hit', { what: 'a copy' });
    expect(await onNext.cacheResponse('key', 'newer')).toBe(true);
    await until(async () => (await cache.getCachedResponse('key')) === 'newer', { what: 'the event' });
  });
});
