/**
 * The cases of the tests that `@nestjs/throttler` has in its repository (its npm package has none), with our storage, over
 * HTTP. Windows are long and blocks are short, so that nothing depends on the speed of the machine.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type ManagedProcess, RedisServer, spawnNode, until } from '@test/support/index.js';

type App = 'routes' | 'named' | 'skipped' | 'silent' | 'proxied';
type Response = { status: number; headers: Record<string, string>; body: Record<string, unknown> };

const MAIN = 'test/ecosystem/throttled/main.ts';
const LOADER = './test/support/typescript.mjs';
const WHOLE_SECONDS = expect.stringMatching(/^\d+$/);

let redis: RedisServer;

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

/** A process with all applications. */
class Applications {
  private constructor(
    private readonly process: ManagedProcess,
    private readonly addresses: Record<App, string>,
  ) {}

  static async start(platform: string): Promise<Applications> {
    const env = { PLATFORM: platform, REDIS_URL: redis.url, KEY_PREFIX: platform, NO_COLOR: '1' };
    const process = spawnNode(MAIN, { nodeArgs: ['--import', LOADER], env });
    const line = await process.waitForLine(/^Listening on /);
    return new Applications(process, JSON.parse(line.replace('Listening on ', '')));
  }

  async call(app: App, path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(`${this.addresses[app]}/${path}`, init);
    const headers = Object.fromEntries(response.headers);
    return { status: response.status, headers, body: (await response.json()) as Record<string, unknown> };
  }

  async stop(): Promise<void> {
    this.process.signal('SIGKILL');
    await this.process.exited;
  }
}

/** The headers of a throttler; `default` has no suffix. */
function limitsIn({ headers }: Response, name = 'default'): Record<string, string | undefined> {
  const suffix = name === 'default' ? '' : `-${name}`;
  return {
    limit: headers[`x-ratelimit-limit${suffix}`],
    remaining: headers[`x-ratelimit-remaining${suffix}`],
    reset: headers[`x-ratelimit-reset${suffix}`],
    retryAfter: headers[`retry-after${suffix}`],
  };
}

const allowed = (limit: number, remaining: number): object => ({
  limit: String(limit),
  remaining: String(remaining),
  reset: WHOLE_SECONDS,
  retryAfter: undefined,
});

const NO_LIMITS = { limit: undefined, remaining: undefined, reset: undefined, retryAfter: undefined };

describe.each(['express', 'fastify'])('@nestjs/throttler with our storage on %s', (platform) => {
  let apps: Applications;
  let client: ReturnType<RedisServer['client']>;

  beforeAll(async () => {
    client = redis.client();
    apps = await Applications.start(platform);
  });

  beforeEach(() => client.flushall());

  afterAll(() => apps.stop());

  /** The first response with this status. */
  const first = (status: number, app: App, path: string, header?: string): Promise<Response> =>
    until(
      async () => {
        const response = await apps.call(app, path);
        return response.status === status && (header === undefined || header in response.headers) && response;
      },
      { what: `${status} ${header ?? ''}` },
    );

  const callOf = (route: string, account: string): Promise<Response> =>
    apps.call('routes', `together/${route}`, { headers: { account, limit: '2' } });

  const callFrom = (app: App, address: string): Promise<Response> =>
    apps.call(app, 'limit', { headers: { 'x-forwarded-for': address } });

  it.each([
    ['default', 5],
    ['limit', 2],
    ['limit/higher', 5],
  ])('allows the calls of /%s up to its limit, and counts again after the block', async (path, limit) => {
    for (let remaining = limit - 1; remaining >= 0; remaining -= 1) {
      const response = await apps.call('routes', path);
      expect(response).toMatchObject({ status: 200, body: { success: true } });
      expect(limitsIn(response)).toEqual(allowed(limit, remaining));
    }
    const refused = await apps.call('routes', path);
    expect(refused).toMatchObject({
      status: 429,
      body: { statusCode: 429, message: `call ${limit + 1} of ${limit}` },
    });
    expect(limitsIn(refused)).toEqual({ ...NO_LIMITS, retryAfter: '1' });
    expect(limitsIn(await first(200, 'routes', path))).toEqual(allowed(limit, limit - 1));
  });

  it('counts each route for itself', async () => {
    await apps.call('routes', 'limit');
    await apps.call('routes', 'limit');
    expect((await apps.call('routes', 'limit')).status).toBe(429);
    expect(limitsIn(await apps.call('routes', 'limit/higher'))).toEqual(allowed(5, 4));
  });

  it('limits calls of other methods than GET', async () => {
    for (const status of [201, 429])
      expect(await apps.call('routes', 'limit/once', { method: 'POST' })).toMatchObject({ status });
  });

  it('refuses every call for a limit of 0', async () => {
    const refused = await apps.call('routes', 'limit/none');
    expect(refused.status).toBe(429);
    expect(limitsIn(refused)).toEqual({ ...NO_LIMITS, retryAfter: '1' });
  });

  it('leaves calls alone that the decorator, a condition or their user agent exempts', async () => {
    const monitor = { headers: { 'user-agent': 'monitor/1.0' } };
    for (let calls = 0; calls < 8; calls += 1) {
      for (const response of [
        await apps.call('routes', 'limit/skipped'),
        await apps.call('skipped', 'default'),
        await apps.call('routes', 'default', monitor),
      ]) {
        expect(response.status).toBe(200);
        expect(limitsIn(response)).toEqual(NO_LIMITS);
      }
    }
    expect(limitsIn(await apps.call('routes', 'default'))).toEqual(allowed(5, 4));
  });

  it('sets no headers if the application does not want them', async () => {
    const responses = [await apps.call('silent', 'default'), await apps.call('silent', 'default')];
    expect(responses.map(({ status }) => status)).toEqual([200, 429]);
    expect(responses.map((response) => limitsIn(response))).toEqual([NO_LIMITS, NO_LIMITS]);
  });

  it('applies several throttlers to one route, each with its window and its block', async () => {
    const response = await apps.call('named', 'all');
    expect(limitsIn(response, 'short')).toEqual(allowed(1, 0));
    expect(limitsIn(response)).toEqual(allowed(2, 1));
    expect(limitsIn(response, 'long')).toEqual(allowed(3, 2));
    const refused = await apps.call('named', 'all');
    expect(refused.status).toBe(429);
    expect(limitsIn(refused, 'short')).toEqual({ ...NO_LIMITS, retryAfter: '1' });

    const second = await first(200, 'named', 'all');
    expect(limitsIn(second, 'short')).toEqual(allowed(1, 0));
    expect(limitsIn(second)).toEqual(allowed(2, 0));
    expect(limitsIn(second, 'long')).toEqual(allowed(3, 1));
    expect((await first(429, 'named', 'all', 'retry-after')).headers).not.toHaveProperty('retry-after-short');

    const third = await first(200, 'named', 'all');
    expect(limitsIn(third)).toEqual(allowed(2, 1));
    expect(limitsIn(third, 'long')).toEqual(allowed(3, 0));
    const last = await first(429, 'named', 'all', 'retry-after-long');
    expect(limitsIn(last, 'long')).toEqual({ ...NO_LIMITS, retryAfter: '180' });
  });

  it('skips single throttlers of a route', async () => {
    const withoutShort = [await apps.call('named', 'skip-short'), await apps.call('named', 'skip-short')];
    expect(withoutShort.map((response) => limitsIn(response))).toEqual([allowed(2, 1), allowed(2, 0)]);
    expect(limitsIn(withoutShort[1]!, 'short')).toEqual(NO_LIMITS);
    const onlyShort = await apps.call('named', 'skip-others');
    expect(limitsIn(onlyShort, 'short')).toEqual(allowed(1, 0));
    expect([limitsIn(onlyShort), limitsIn(onlyShort, 'long')]).toEqual([NO_LIMITS, NO_LIMITS]);
  });

  it("counts by the application's own limit, tracker and key", async () => {
    expect(limitsIn(await callOf('one', 'a'))).toEqual(allowed(2, 1));
    expect(limitsIn(await callOf('two', 'a'))).toEqual(allowed(2, 0));
    expect(limitsIn(await callOf('one', 'b'))).toEqual(allowed(2, 1));
    expect((await callOf('one', 'a')).status).toBe(429);
    expect((await callOf('two', 'a')).status).toBe(429);
  });

  it('counts by the address that a trusted proxy reports', async () => {
    const remaining = async (app: App, address: string) => limitsIn(await callFrom(app, address)).remaining;
    expect(await remaining('proxied', '203.0.113.1')).toBe('1');
    expect(await remaining('proxied', '203.0.113.2')).toBe('1');
    expect(await remaining('proxied', '203.0.113.1')).toBe('0');
    expect((await callFrom('proxied', '203.0.113.1')).status).toBe(429);
    // One subscriber has a whole subnet of IPv6.
    expect(await remaining('proxied', '2001:db8::1')).toBe('1');
    expect(await remaining('proxied', '2001:db8::2')).toBe('0');
    expect(await remaining('proxied', '2001:db8:0:1::1')).toBe('1');
    // Without a trusted proxy the header is only a claim.
    expect(await remaining('routes', '203.0.113.1')).toBe('1');
    expect(await remaining('routes', '203.0.113.2')).toBe('0');
  });

  it('counts the calls of two processes together', async () => {
    const other = await Applications.start(platform);
    try {
      const responses = [];
      for (const process of [apps, other, apps, other, apps, other])
        responses.push(await process.call('routes', 'default'));
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
      expect(responses.slice(0, 5).map((response) => limitsIn(response).remaining)).toEqual([...'43210']);
    } finally {
      await other.stop();
    }
  });

  it('allows exactly the limit, if calls of two processes come at once', async () => {
    const other = await Applications.start(platform);
    try {
      const calls = Array.from({ length: 40 }, (_, at) =>
        (at % 2 === 0 ? apps : other).call('routes', 'together/one', {
          headers: { account: 'shared', limit: '15' },
        }),
      );
      const statuses = (await Promise.all(calls)).map(({ status }) => status);
      expect(statuses.filter((status) => status === 200)).toHaveLength(15);
    } finally {
      await other.stop();
    }
  });
});
