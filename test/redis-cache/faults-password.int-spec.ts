import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { RedisCacheService, RedisConnectionOptions } from 'nestjs-redis-cache';
import { Caches } from '@test/fixtures/redis-cache/caches.js';
import { LogCapture } from '@test/fixtures/redis-cache/log-capture.js';
import { answers, FALLBACKS, OPERATIONS } from '@test/fixtures/redis-cache/operations.js';
import { RECOVERY_LIMIT_MS, recoveryMs, untilPhase } from '@test/fixtures/redis-cache/recovery.js';
import { RedisServer, until, within } from '@test/support/index.js';

const PASSWORD = 'correct-horse';
const WRONG = 'battery-staple';

describe('a Redis behind a password', () => {
  const caches = new Caches();
  let server: RedisServer;
  let log: LogCapture;

  beforeAll(async () => {
    server = await RedisServer.start({ password: PASSWORD });
  });

  beforeEach(() => {
    log = LogCapture.start();
  });

  afterEach(() => caches.closeAll());

  afterAll(() => server.stop());

  const open = (account: RedisConnectionOptions = {}): RedisCacheService =>
    caches.create({ connection: { host: server.host, port: server.port, ...account } });

  describe.each([
    ['no password', {}, 'NOAUTH'],
    ['a wrong password', { password: WRONG }, 'WRONGPASS'],
    ['a wrong user', { username: 'nobody', password: WRONG }, 'WRONGPASS'],
  ])('given %s', (_what, account, code) => {
    it.each(OPERATIONS)('returns $fallback from $name', async ({ run, fallback }) => {
      const cache = open(account);
      expect(await run(cache)).toEqual(fallback);
      await untilPhase(cache, 'unavailable');
      for (let call = 0; call < 20; call += 1) expect(await run(cache)).toEqual(fallback);
    });

    it('logs one line without the password, however many attempts fail', async () => {
      const cache = open(account);
      await untilPhase(cache, 'unavailable');
      await moreConnections(server, 6);
      expect(await answers(cache)).toEqual(FALLBACKS);
      expect(log.lines).toHaveLength(1);
      expect(log.lines[0]).toMatch(new RegExp(`^Redis is unavailable \\(${code} `));
      expect(cache.getStatus()).toMatchObject({ breaker: 'open', lastError: code });
      expect(JSON.stringify([log.lines, cache.getStatus()])).not.toMatch(`${WRONG}|${PASSWORD}`);
    });

    it('closes', async () => {
      const cache = open(account);
      await untilPhase(cache, 'unavailable');
      await within(cache.close(), { what: 'close()' });
    });
  });

  it('serves as soon as no password is required, without any call', async () => {
    const cache = open();
    await untilPhase(cache, 'unavailable');
    const admin = server.client();
    await admin.config('SET', 'requirepass', '');
    expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
    expect(await cache.isConnected()).toBe(true);
    await admin.config('SET', 'requirepass', PASSWORD);
  });

  it('serves again after restarts that change its password and restore it', async () => {
    const cache = open({ password: PASSWORD });
    expect(await cache.isConnected()).toBe(true);
    await server.restart({ password: 'another' });
    await untilPhase(cache, 'unavailable');
    expect(await answers(cache)).toEqual(FALLBACKS);
    await server.restart({ password: PASSWORD });
    expect(await recoveryMs(cache)).toBeLessThan(RECOVERY_LIMIT_MS);
    expect(log.matching(/^Redis is unavailable/)).toHaveLength(1);
    expect(log.lines).toHaveLength(2);
    expect(log.lines.join()).not.toContain(PASSWORD);
  });

  it('is unavailable on an existing connection once its user is deleted', async () => {
    const admin = server.client();
    await admin.acl('SETUSER', 'guest', 'on', '>pw', '~*', '&*', '+@all');
    const cache = open({ username: 'guest', password: 'pw' });
    expect(await cache.isConnected()).toBe(true);
    await admin.acl('DELUSER', 'guest');
    await untilPhase(cache, 'unavailable');
    expect(await answers(cache)).toEqual(FALLBACKS);
  });
});

/** Resolves when the server has accepted `count` more connections. */
async function moreConnections(server: RedisServer, count: number): Promise<void> {
  const admin = server.client();
  const made = async (): Promise<number> =>
    Number(/total_connections_received:(\d+)/.exec(await admin.info('stats'))?.[1]);
  const before = await made();
  await until(async () => (await made()) >= before + count, {
    what: `${count} more connections`,
    timeoutMs: 30_000,
  });
}
