import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { parseItem } from 'structured-headers';
import { RedisServer } from '@test/support/index.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const MAX_TTL = 7_200;
const HIT = { hit: true, ttl: expect.any(Number) };

/** Parses `Cache-Status` as a structured field. */
function cacheStatusOf(response: Response): object {
  const [name, parameters] = parseItem(response.headers.get('cache-status') ?? '');
  expect(String(name)).toBe('redis-cache');
  const plain = [...parameters].map(([key, value]) => [
    key,
    typeof value === 'object' ? String(value) : value,
  ]);
  return Object.fromEntries(plain) as object;
}

describe.each(['memory', 'redis'])('what a request may ask of a cache on %s', (backend) => {
  let redis: RedisServer | undefined;
  let gateway: Gateway;
  let prompts = 0;
  let prompt: string;

  beforeAll(async () => {
    redis = backend === 'redis' ? await RedisServer.start() : undefined;
    const env = { MAX_TTL_SECONDS: String(MAX_TTL), MAX_TAGS: '2' };
    gateway = await startGateway(redis ? { ...env, REDIS_URL: redis.url } : env);
  });

  afterAll(async () => {
    await gateway?.stop();
    await redis?.stop();
  });

  beforeEach(() => {
    prompts += 1;
    prompt = `Question ${prompts} is asked. The answer is kept.`;
  });

  async function ask(cacheControl?: string, more: object = {}): Promise<Response> {
    const init = jsonPost({ prompt, ...more });
    const headers = new Headers(init.headers);
    if (cacheControl !== undefined) headers.set('cache-control', cacheControl);
    return fetch(`${gateway.url}/v1/completions`, { ...init, headers });
  }

  it('a miss is stored, and a hit states its age and remaining TTL', async () => {
    const miss = await ask(undefined, { ttl_seconds: 100 });
    expect(cacheStatusOf(miss)).toEqual({ fwd: 'miss', stored: true });
    expect(miss.headers.get('age')).toBeNull();
    const hit = await ask();
    expect(cacheStatusOf(hit)).toEqual(HIT);
    expect(Number(hit.headers.get('age'))).toBeLessThan(60);
    expect(hit.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  it('no-cache recomputes and stores the result', async () => {
    await ask(undefined, { ttl_seconds: 100 });
    const anew = await ask('no-cache', { ttl_seconds: MAX_TTL });
    expect(cacheStatusOf(anew)).toEqual({ fwd: 'request', stored: true });
    expect(await anew.json()).toMatchObject({ cached: false });
    const { ttl } = cacheStatusOf(await ask()) as { ttl: number };
    expect(ttl).toBeGreaterThan(100);
  });

  it('no-store neither reads nor stores', async () => {
    expect(cacheStatusOf(await ask('no-store'))).toEqual({ fwd: 'request' });
    expect(cacheStatusOf(await ask())).toEqual({ fwd: 'miss', stored: true });
    expect(cacheStatusOf(await ask('no-store'))).toEqual({ fwd: 'request' });
    expect(cacheStatusOf(await ask())).toEqual(HIT);
  });

  it('max-age accepts an answer that is young enough, and recomputes others', async () => {
    await ask();
    expect(cacheStatusOf(await ask('max-age=600'))).toEqual(HIT);
    expect(cacheStatusOf(await ask('max-age=0'))).toEqual({ fwd: 'request', stored: true });
  });

  it('only-if-cached returns a stored answer, or 504 without computing', async () => {
    const none = await ask('only-if-cached');
    expect(none.status).toBe(504);
    expect(none.headers.get('content-type')).toContain('application/problem+json');
    expect(await none.json()).toMatchObject({ status: 504, code: 'ERR_ONLY_IF_CACHED' });
    expect(cacheStatusOf(none)).toEqual({ detail: 'only-if-cached' });
    await ask();
    const stored = await ask('only-if-cached');
    expect([stored.status, cacheStatusOf(stored)]).toEqual([200, HIT]);
    expect((await ask('only-if-cached, no-cache')).status).toBe(504);
  });

  it('directives in capitals or quotes are understood, unknown ones are ignored', async () => {
    await ask();
    expect(cacheStatusOf(await ask('Max-Age="600", private'))).toEqual(HIT);
    expect(cacheStatusOf(await ask('NO-CACHE'))).toMatchObject({ fwd: 'request' });
    expect(cacheStatusOf(await ask(',;=max-age=x'))).toEqual(HIT);
  });

  it('a tag invalidates the answers that carry it, and no other', async () => {
    await ask(undefined, { tags: ['manual', 'chapter-1'] });
    const tagged = prompt;
    prompt = `${prompt} Another one.`;
    await ask(undefined, { tags: ['chapter-2'] });
    const invalidated = await gateway.delete('/v1/cache/tags/chapter-1');
    expect([invalidated.status, await invalidated.json()]).toEqual([200, { invalidated: true }]);
    expect(cacheStatusOf(await ask())).toEqual(HIT);
    prompt = tagged;
    expect(cacheStatusOf(await ask())).toEqual({ fwd: 'miss', stored: true });
  });

  it.each<[string, object, string]>([
    ['a TTL above the limit', { ttl_seconds: MAX_TTL + 1 }, 'ttl_seconds'],
    ['too many tags', { tags: ['a', 'b', 'c'] }, 'tags'],
    ['a tag with a slash', { tags: ['a/b'] }, 'tags.0'],
    ['an empty tag', { tags: [''] }, 'tags.0'],
    ['tags that are no list', { tags: 'a' }, 'tags'],
  ])('refuses %s by name', async (_what, more, field) => {
    const response = await ask(undefined, more);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ status: 400, errors: [{ field }] });
  });

  it('refuses to invalidate an invalid tag', async () => {
    const response = await gateway.delete('/v1/cache/tags/a%2Fb');
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
    expect(await response.json()).toMatchObject({ errors: [{ field: 'tag' }] });
  });
});
