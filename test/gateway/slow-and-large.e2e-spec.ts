import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { within } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const DRIBBLE_MS = 50;
const LIMITS = {
  HEADERS_TIMEOUT_MS: '400',
  REQUEST_TIMEOUT_MS: '800',
  KEEP_ALIVE_TIMEOUT_MS: '300',
  MAX_HEADER_BYTES: '4096',
  MAX_URL_LENGTH: '1000',
  MAX_BODY_BYTES: '2000',
};
const HEAD = 'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway(LIMITS);
});

afterAll(() => gateway?.stop());

interface Conversation {
  socket: Socket;
  /** Everything the server sent, once it has closed the connection. */
  end: Promise<string>;
}

function converse(text: string): Conversation {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect({ host: hostname, port: Number(port) });
  let said = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  // These clients send on closed connections.
  socket.on('error', () => undefined);
  socket.write(text);
  const closed = once(socket, 'close').then(() => said);
  return { socket, end: within(closed, { what: 'the server to close the connection' }) };
}

/** Keeps sending a little more until the server closes the connection. */
async function dribble(head: string, drop: string): Promise<string> {
  const { socket, end } = converse(head);
  // Reads before it writes: a write to a closed connection would discard what was received.
  const timer = setInterval(() => setImmediate(() => socket.write(drop)), DRIBBLE_MS);
  try {
    return await end;
  } finally {
    clearInterval(timer);
  }
}

function expectProblem(said: string, status: number, code: string): void {
  expect(said).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
  expect(said.toLowerCase()).toContain('content-type: application/problem+json');
  const body = said.slice(said.indexOf('\r\n\r\n') + 4);
  expect(JSON.parse(body)).toMatchObject({ type: 'about:blank', status, code });
}

describe('a slow client is disconnected', () => {
  it('that sends nothing', async () => {
    expectProblem(await converse('').end, 408, 'ERR_REQUEST_TIMEOUT');
  });

  it('that sends its headers byte by byte', async () => {
    expectProblem(await dribble(HEAD, 'x: y\r\n'), 408, 'ERR_REQUEST_TIMEOUT');
  });

  it('that sends its body byte by byte', async () => {
    expectProblem(await dribble(`${HEAD}Content-Length: 1000\r\n\r\n`, ' '), 408, 'ERR_REQUEST_TIMEOUT');
  });

  it('that keeps an unused connection open', async () => {
    const said = await converse('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n').end;
    expect(said).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('the server refuses', () => {
  it('large headers', async () => {
    const said = await converse(`${HEAD}x-filler: ${'a'.repeat(5_000)}\r\n\r\n`).end;
    expectProblem(said, 431, 'ERR_HEADERS_TOO_LARGE');
  });

  it.each([
    ['a URL', `/v1/queue?${'a'.repeat(1_000)}`, 414, 'ERR_URL_TOO_LONG'],
    ['a URL without a route', `/${'a'.repeat(1_000)}`, 414, 'ERR_URL_TOO_LONG'],
    ['a URL that cannot be read', '/v1/%zz', 400, 'ERR_INVALID_URL'],
  ])('%s', async (_what, path, status, code) => {
    const response = await gateway.get(path);
    expect([response.status, response.headers.get('content-type')]).toEqual([
      status,
      expect.stringContaining('application/problem+json'),
    ]);
    expect(await response.json()).toMatchObject({ status, code });
  });

  it('a body whose announced length is too large, before it is sent', async () => {
    const { socket, end } = converse(`${HEAD}Content-Length: 5000\r\nConnection: close\r\n\r\n`);
    await once(socket, 'data');
    socket.end();
    expectProblem(await end, 413, 'ERR_BODY_TOO_LARGE');
  });

  it('data that is not HTTP', async () => {
    expectProblem(await converse('EHLO gateway\r\n\r\n').end, 400, 'ERR_INVALID_HTTP');
  });

  it('a request that could be parsed as two (request smuggling)', async () => {
    const said = await converse(`${HEAD}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`)
      .end;
    expect(said).toMatch(/^HTTP\/1.1 400 /);
  });

  it('and still serves others', async () => {
    expect((await gateway.post('/v1/completions', { prompt: 'Still here. Still answering.' })).status).toBe(
      200,
    );
  });
});

describe('every response', () => {
  it.each(['/', '/docs', '/docs/swagger-ui.css', '/assets/none'])(
    'of %s lets a browser use our own origin only',
    async (path) => {
      const { headers } = await gateway.get(path);
      const policy = headers.get('content-security-policy')!.split(';');
      expect(policy).toEqual(
        expect.arrayContaining([
          "default-src 'self'",
          "frame-ancestors 'none'",
          "object-src 'none'",
          "base-uri 'none'",
        ]),
      );
      expect(policy.join()).not.toContain('unsafe');
      expect(headers.get('cross-origin-opener-policy')).toBe('same-origin');
      expectQuiet(headers);
    },
  );

  it.each(['/health/live', '/v1/queue', '/v1/nothing', '/docs-json', '/metrics'])(
    'of %s lets a browser do nothing with it',
    async (path) => {
      const { headers } = await gateway.get(path);
      expect(headers.get('content-security-policy')).toBe("default-src 'none';frame-ancestors 'none'");
      expect(headers.get('x-frame-options')).toBe('DENY');
      expectQuiet(headers);
    },
  );
});

function expectQuiet(headers: Headers): void {
  expect(headers.get('x-content-type-options')).toBe('nosniff');
  expect(headers.get('referrer-policy')).toBe('no-referrer');
  expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
  expect(headers.get('access-control-allow-origin')).toBeNull();
  expect(headers.get('strict-transport-security')).toBeNull();
}
