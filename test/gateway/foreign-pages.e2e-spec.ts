import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { linesOf } from './log-lines.js';
import { PageBrowser } from './page-browser.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const BODY = { prompt: 'Any page that a developer visits can send requests to this machine.' };

let gateway: Gateway;

/** Sends a request as a browser would for a page of another site, or as a program with the headers. */
function post(path: string, headers: Record<string, string>, body: unknown = BODY): Promise<Response> {
  const request = jsonPost(body);
  return fetch(gateway.url + path, { ...request, headers: { ...request.headers, ...headers } });
}

/** The same request as before. */
function cached(headers: Record<string, string> = {}): Promise<Response> {
  return post('/v1/completions', headers, { prompt: 'This answer is in the cache.' });
}

async function misses(): Promise<number> {
  const stats = (await (await gateway.get('/v1/cache/stats')).json()) as { total: { misses: number } };
  return stats.total.misses;
}

/** The status of each request that changes something, in order. */
function unsafeStatuses(): unknown[] {
  return linesOf(gateway)
    .filter(({ method }) => method === 'POST' || method === 'DELETE')
    .map(({ status }) => status);
}

describe('a gateway without keys', () => {
  beforeAll(async () => (gateway = await startGateway({ CORS_ORIGINS: 'https://app.example' })));

  afterAll(() => gateway?.stop());

  it.each(['/v1/completions', '/v1/messages', '/v1/chat/completions', '/v1/queue'])(
    'refuses what pages of other sites send to %s, before it reads the body',
    async (path) => {
      const response = await post(path, { origin: 'https://evil.example' }, 'no JSON');
      expect(response.status).toBe(403);
      expect(JSON.stringify(await response.json())).toMatch(/another site/);
      expect((await post(path, { 'sec-fetch-site': 'cross-site' }, 'no JSON')).status).toBe(403);
    },
  );

  it('refuses them also where a cached answer would be sent on the fast path', async () => {
    await until(async () => (await cached()).headers.get('cache-status')!.includes('; hit'), {
      what: 'a hit',
    });
    expect((await cached({ origin: 'https://evil.example' })).status).toBe(403);
    expect((await cached({ 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect((await cached({ origin: gateway.url, 'sec-fetch-site': 'same-origin' })).status).toBe(200);
    expect((await cached({ origin: 'https://app.example', 'sec-fetch-site': 'cross-site' })).status).toBe(
      200,
    );
  });

  it('refuses deletions of pages of other sites', async () => {
    const headers = { origin: 'https://evil.example' };
    const refused = await fetch(`${gateway.url}/v1/cache`, { method: 'DELETE', headers });
    expect(refused.status).toBe(403);
    expect((await gateway.delete('/v1/cache')).status).toBe(200);
  });

  it.each([
    'application/x-www-form-urlencoded',
    'text/plain;charset=UTF-8',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    'application/problem+json',
  ])('accepts no %s, also where no body is expected', async (type) => {
    const headers = { 'content-type': type };
    for (const path of ['/v1/completions', '/v1/messages', '/v1/queue', '/v1/queue/dead/1/replay']) {
      const response = await post(path, headers, '{"prompt":"a"}');
      expect([path, response.status]).toEqual([path, 415]);
    }
    const empty = { method: 'POST', headers };
    expect((await fetch(`${gateway.url}/v1/queue/dead/1/replay`, empty)).status).toBe(415);
  });
});

it('is not reached by forms, beacons and scripts of another site in a real browser', async () => {
  gateway = await startGateway();
  const evil: Server = createServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html').end('<title>evil</title><form method="post"></form>');
  }).listen(0, '127.0.0.1');
  await once(evil, 'listening');
  const { port } = evil.address() as AddressInfo;
  const browser = await PageBrowser.start();
  try {
    // Another site, and the same site on another port.
    for (const host of ['localhost', '127.0.0.1']) {
      const { page } = await browser.open(`http://${host}:${port}/`);
      const before = unsafeStatuses().length;
      await page.evaluate(attack(gateway.url));
      await page.waitForURL(`${gateway.url}/**`);
      await until(() => unsafeStatuses().length >= before + ATTACKS, { what: 'all attacks in the log' });
      expect(new Set(unsafeStatuses().slice(before))).toEqual(new Set([403]));
    }
    expect(await misses()).toBe(0);
  } finally {
    await browser.close();
    evil.close();
    await gateway.stop();
  }
});

const ATTACKS = 4;

/** As text: it runs in the page, where there are no types. The form comes last, since it leaves the page. */
function attack(url: string): string {
  return `(async () => {
    const body = JSON.stringify(${JSON.stringify(BODY)});
    const target = ${JSON.stringify(`${url}/v1/completions`)};
    const ignore = () => {};
    await fetch(target, { method: 'POST', mode: 'no-cors', body }).catch(ignore);
    await fetch(target, { method: 'POST', mode: 'no-cors', body: new URLSearchParams({ prompt: 'a' }) }).catch(ignore);
    navigator.sendBeacon(target, body);
    await fetch(target, { method: 'POST', headers: { 'content-type': 'application/json' }, body }).catch(ignore);
    const form = document.querySelector('form');
    form.action = target;
    form.innerHTML = '<input name="prompt" value="a">';
    form.submit();
  })()`;
}
