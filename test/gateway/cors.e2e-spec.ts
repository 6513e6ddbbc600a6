import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PageBrowser } from './page-browser.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';
const READ = ['cache-status', 'age', 'x-request-id', 'x-tokens-saved', 'retry-after', 'ratelimit-limit'];

let gateway: Gateway;
/** Serve an empty page each, on origins of their own. */
let named: Server;
let foreign: Server;
let browser: PageBrowser;

async function pageServer(): Promise<Server> {
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>page</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const originOf = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  [named, foreign, browser] = await Promise.all([pageServer(), pageServer(), PageBrowser.start()]);
  gateway = await startGateway({
    API_KEYS: `team:${KEY}`,
    CORS_ORIGINS: `https://app.example,${originOf(named)}`,
    RATE_LIMIT_PER_MINUTE: '8',
  });
});

afterAll(async () => {
  await browser?.close();
  await gateway?.stop();
  for (const server of [named, foreign]) server?.close().closeAllConnections();
});

// Runs in the page.
const script = async ([url, secret, names]: [string, string, string[]]) => {
  try {
    const headers = {
      'content-type': 'application/json',
      'x-api-key': secret,
      authorization: `Bearer ${secret}`,
    };
    const body = JSON.stringify({ prompt: 'From a page. Twice the same.' });
    const response = await fetch(url, { method: 'POST', headers, body });
    const readable = names.filter((name) => response.headers.get(name) !== null);
    return { status: response.status, headers: readable };
  } catch {
    return { refused: true as const };
  }
};

/** What a script of a page gets from the API: status and readable headers, or that the browser refused. */
async function fetchFrom(
  server: Server,
  key: string,
): Promise<{ status?: number; headers?: object; refused?: true }> {
  const { page } = await browser.open(originOf(server));
  const result = await page.evaluate(script, [`${gateway.url}/v1/completions`, key, READ] as [
    string,
    string,
    string[],
  ]);
  await page.close();
  return result;
}

describe('a script of a page', () => {
  it('of a named origin may call the API with a key and read its headers, also on the fast path and of errors', async () => {
    const common = ['cache-status', 'x-request-id', 'ratelimit-limit'];
    const miss = await fetchFrom(named, KEY);
    expect(miss).toEqual({ status: 200, headers: expect.arrayContaining(common) });
    for (let round = 0; round < 3; round += 1) {
      const hit = await fetchFrom(named, KEY);
      expect(hit).toEqual({
        status: 200,
        headers: expect.arrayContaining([...common, 'age', 'x-tokens-saved']),
      });
    }
    expect(await fetchFrom(named, 'a-wrong-key')).toEqual({ status: 401, headers: ['x-request-id'] });
    const limited = await Array.from({ length: 6 }).reduce<Promise<object>>(
      async (before) => (await before, fetchFrom(named, KEY)),
      Promise.resolve({}),
    );
    expect(limited).toEqual({ status: 429, headers: expect.arrayContaining(['retry-after']) });
  });

  it('of another origin may not', async () => {
    expect(await fetchFrom(foreign, KEY)).toEqual({ refused: true });
  });
});

const preflight = (origin: string): Promise<Response> =>
  fetch(`${gateway.url}/v1/messages`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'anthropic-version,x-api-key',
    },
  });

describe('a preflight', () => {
  it('of a named origin needs no key and allows what was asked for', async () => {
    const { status, headers } = await preflight('https://app.example');
    expect(status).toBe(204);
    expect(Object.fromEntries(headers)).toMatchObject({
      'access-control-allow-origin': 'https://app.example',
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'anthropic-version,x-api-key',
      'access-control-expose-headers': '*',
      vary: 'Origin',
    });
    expect(headers.get('access-control-allow-credentials')).toBeNull();
  });

  it.each(['https://app.example.evil', 'http://app.example', 'null'])('of %s is refused', async (origin) => {
    const { status, headers } = await preflight(origin);
    expect(status).toBe(401);
    expect(headers.get('access-control-allow-origin')).toBeNull();
    expect(headers.get('vary')).toBe('Origin');
  });
});

describe('the variable CORS_ORIGINS', () => {
  it('is empty by default: no response has a header of CORS', async () => {
    const plain = await startGateway();
    try {
      const init = jsonPost({ prompt: 'No origin.' });
      for (let round = 0; round < 3; round += 1) {
        const headers = { ...init.headers, origin: plain.url };
        const response = await fetch(`${plain.url}/v1/completions`, { ...init, headers });
        const names = [...response.headers.keys()];
        expect(names.filter((name) => name.startsWith('access-control') || name === 'vary')).toEqual([]);
      }
    } finally {
      await plain.stop();
    }
  });

  it('stops the start with a clear error for anything but origins', async () => {
    await expect(startGateway({ CORS_ORIGINS: '*' })).rejects.toThrow(
      'CORS_ORIGINS is invalid: entry 1 must be an origin such as https://app.example',
    );
  });
});
