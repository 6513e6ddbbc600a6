import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { json, text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const KEY = 'key-of-the-web-team-0123';
const BODY = JSON.stringify({
  prompt: 'A web site may have its name resolved to any address, even to ours.',
});

let gateway: Gateway;

afterEach(() => gateway.stop());

async function ask(path: string, host: string, body?: string, url = gateway.url): Promise<IncomingMessage> {
  const headers = { host, 'content-type': 'application/json', 'x-api-key': KEY };
  const outgoing = httpRequest(url + path, { method: body ? 'POST' : 'GET', headers });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}

async function statusOf(path: string, host: string, body?: string): Promise<number> {
  const response = await ask(path, host, body);
  response.resume();
  return response.statusCode!;
}

/** Waits until the fast path serves the request, which only its spelling of a header shows. */
async function untilFastPath(host: string, url = gateway.url): Promise<void> {
  const isFast = async (): Promise<boolean> => {
    const { rawHeaders } = (await ask('/v1/completions', host, BODY, url)).resume();
    return rawHeaders.includes('Cache-Status');
  };
  await until(isFast, { what: 'the fast path' });
}

describe('a server that only this machine can reach', () => {
  it('accepts names of this machine only, also for a cached answer', async () => {
    gateway = await startGateway();
    const { host } = new URL(gateway.url);
    for (const own of [host, 'localhost', 'app.localhost:80', '[::1]:3000'])
      expect([own, await statusOf('/v1/completions', own, BODY)]).toEqual([own, 200]);
    await untilFastPath(host);
    for (const path of ['/', '/health', '/metrics', '/v1/cache/stats', '/nowhere'])
      expect([path, await statusOf(path, 'evil.example')]).toEqual([path, 421]);
    const refused = await ask('/v1/completions', `evil.example:${new URL(gateway.url).port}`, BODY);
    expect(refused.statusCode).toBe(421);
    expect(await json(refused)).toMatchObject({ status: 421, code: 'ERR_WRONG_HOST' });
    expect(await statusOf('/v1/messages', 'evil.example', BODY)).toBe(421);
  });

  it.each<Record<string, string>>([{}, { TRUST_PROXY: 'loopback' }])(
    'accepts names that are added',
    async (env) => {
      gateway = await startGateway({ ALLOWED_HOSTS: 'gateway.example, other.example', ...env });
      expect(await statusOf('/health', 'gateway.example:8080')).toBe(200);
      expect(await statusOf('/v1/completions', 'other.example', BODY)).toBe(200);
      expect(await statusOf('/health', 'evil.example')).toBe(421);
    },
  );

  it('serves all addresses of localhost, each with the fast path, and stops', async () => {
    gateway = await startGateway({ HOST: 'localhost' });
    const { port, host } = new URL(gateway.url);
    const addresses = await lookup('localhost', { all: true });
    for (const { address, family } of addresses) {
      const url = `http://${family === 6 ? `[${address}]` : address}:${port}`;
      await untilFastPath(host, url);
      expect((await fetch(`${url}/health/live`)).status).toBe(200);
    }
    const { code } = await gateway.process.stop();
    expect(code).toBe(0);
  });

  it.each<Record<string, string>>([{}, { API_KEYS: `web:${KEY}` }])(
    'refuses a Host that is not one host, also for a cached answer: %j',
    async (env) => {
      gateway = await startGateway(env);
      const { host } = new URL(gateway.url);
      await until(async () => (await statusOf('/v1/completions', host, BODY)) === 200, { what: 'an answer' });
      await untilFastPath(host);
      for (const improper of [`${host}, ${host}`, `user@${host}`, `${host}/x`, '[::1'])
        for (const path of ['/health', '/v1/completions']) {
          const response = await ask(path, improper, path === '/health' ? undefined : BODY);
          expect([improper, response.statusCode]).toEqual([improper, 400]);
          expect(await json(response)).toMatchObject({ code: 'ERR_INVALID_HOST' });
        }
    },
  );

  it('refuses two Host headers, also for a cached answer', async () => {
    gateway = await startGateway();
    const { host, hostname, port } = new URL(gateway.url);
    await untilFastPath(host);
    const socket = connect(Number(port), hostname);
    const head = [`POST /v1/completions HTTP/1.1`, `Host: ${host}`, `Host: ${host}`];
    const more = ['Content-Type: application/json', `Content-Length: ${BODY.length}`, 'Connection: close'];
    socket.end([...head, ...more, '', BODY].join('\r\n'));
    expect(await text(socket)).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('accepts any name if keys are set', async () => {
    gateway = await startGateway({ API_KEYS: `web:${KEY}` });
    expect(await statusOf('/v1/completions', 'gateway.example', BODY)).toBe(200);
  });
});
