import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { lineOf } from './log-lines.js';
import { type Gateway, startGateway } from './start-gateway.js';

const KEY = 'key-of-the-web-team-0123';
const SHORT = JSON.stringify({ prompt: 'A body may come in pieces. The fast path waits for all of them.' });
const LONG = JSON.stringify({ prompt: 'A sentence of a body that no stream holds by itself. '.repeat(700) });
/** The fast path's spelling of the header. */
const FAST_HEADER = /\r\nCache-Status: redis-cache; hit/;

let redis: RedisServer;
let gateway: Gateway;
let sockets: Socket[] = [];

beforeAll(async () => {
  redis = await RedisServer.start();
});

afterAll(() => redis.stop());

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
});

async function start(env: Record<string, string>): Promise<void> {
  gateway = await startGateway({
    REDIS_URL: redis.url,
    REDIS_KEY_PREFIX: randomUUID(),
    API_KEYS: `web:${KEY}`,
    ...env,
  });
}

async function open(): Promise<Socket> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect({ host: hostname, port: Number(port), noDelay: true });
  sockets.push(socket);
  await once(socket, 'connect');
  return socket.setEncoding('latin1');
}

function head(body: string, more = ''): string {
  const length = Buffer.byteLength(body);
  return `POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nx-api-key: ${KEY}\r\nContent-Length: ${length}\r\n${more}\r\n`;
}

/** Reads whole responses from a connection, in the order in which they arrive. */
function answers(socket: Socket): () => Promise<string> {
  let text = '';
  socket.on('data', (chunk: string) => (text += chunk));
  const next = (): string | undefined => {
    const end = text.indexOf('\r\n\r\n');
    const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
    if (end < 0 || length === undefined || text.length < end + 4 + Number(length)) return undefined;
    const answer = text.slice(0, end + 4 + Number(length));
    text = text.slice(answer.length);
    return answer;
  };
  return () => until(next, { what: 'an answer' });
}

/** Sends a body in pieces, and lets the server read each of them before the next one. */
async function sendInPieces(socket: Socket, body: string, pieces: number): Promise<void> {
  const size = Math.ceil(body.length / pieces);
  socket.write(head(body));
  for (let at = 0; at < body.length; at += size) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.write(body.slice(at, at + size));
  }
}

async function viaFastPath(send: (socket: Socket) => unknown): Promise<string> {
  const socket = await open();
  const next = answers(socket);
  return until(
    async () => {
      await send(socket);
      const answer = await next();
      return FAST_HEADER.test(answer) && answer;
    },
    { what: 'the fast path' },
  );
}

describe.each([
  ['near copies', 'true'],
  ['Redis', 'false'],
])('with hits from %s', (_what, near) => {
  beforeAll(() => start({ CACHE_NEAR: near }));
  afterAll(() => gateway.stop());

  it.each([
    ['short', SHORT],
    ['long', LONG],
  ])('a %s body may arrive in pieces, on the fast path and at the handler', async (_length, body) => {
    const socket = await open();
    const next = answers(socket);
    await sendInPieces(socket, body, 3);
    const miss = await next();
    expect(miss).toMatch(/^HTTP\/1\.1 200 /);
    expect(miss).toContain('"cached":false');
    const hit = await viaFastPath((one) => sendInPieces(one, body, 3));
    expect(hit).toContain('"cached":true');
    const whole = await viaFastPath((one) => one.write(head(body) + body));
    expect(whole.slice(whole.indexOf('{'))).toBe(hit.slice(hit.indexOf('{')));
  });

  it('responds to pipelined requests in their order, and closes the connection if requested', async () => {
    await viaFastPath((socket) => socket.write(head(SHORT) + SHORT));
    const other = JSON.stringify({ prompt: 'An unknown request between two known ones.' });
    const socket = await open();
    const next = answers(socket);
    socket.write(head(SHORT) + SHORT + head(other) + other + head(SHORT, 'Connection: close\r\n') + SHORT);
    expect(await next()).toMatch(FAST_HEADER);
    expect(await next()).toContain('"cached":false');
    const last = await next();
    expect(last).toMatch(FAST_HEADER);
    expect(last).toMatch(/\r\nconnection: close\r\n/i);
    if (!socket.closed) await once(socket, 'close');
  });

  it('logs a client that leaves before its body has arrived, and continues', async () => {
    const socket = await open();
    socket.write(head(SHORT, 'x-request-id: gone-early\r\n') + SHORT.slice(0, 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    expect(await lineOf(gateway, 'gone-early')).toMatchObject({ status: 499, aborted: true, tenant: 'web' });
    await viaFastPath((one) => one.write(head(SHORT) + SHORT));
  });
});

describe.each([
  ['near copies', 'true'],
  ['Redis', 'false'],
])('with hits from %s and other settings', (_what, near) => {
  afterEach(() => gateway.stop());

  it('keeps a connection open whose request was refused', async () => {
    await start({ CACHE_NEAR: near, RATE_LIMIT_PER_MINUTE: '4' });
    const socket = await open();
    const next = answers(socket);
    const statuses: string[] = [];
    for (let call = 0; call < 8; call += 1) {
      socket.write(head(SHORT) + SHORT);
      statuses.push((await next()).slice(9, 12));
    }
    expect(statuses).toEqual(['200', '200', '200', '200', '429', '429', '429', '429']);
  });

  it('passes hits that are due for a refresh to the handler, which starts it', async () => {
    await start({ CACHE_NEAR: near, CACHE_REFRESH_AHEAD: '0.00001' });
    const socket = await open();
    const next = answers(socket);
    socket.write(head(SHORT) + SHORT);
    await next();
    const first = await tokensSpent();
    expect(first).toBeGreaterThan(0);
    await until(
      async () => {
        socket.write(head(SHORT) + SHORT);
        expect(await next()).toContain('"cached":true');
        return (await tokensSpent()) > first;
      },
      { what: 'a refresh' },
    );
  });
});

async function tokensSpent(): Promise<number> {
  const response = await fetch(`${gateway.url}/v1/cache/stats`, { headers: { 'x-api-key': KEY } });
  const { tenants } = (await response.json()) as {
    tenants: { tenant: string; total: { tokens_spent: number } }[];
  };
  return tenants.find(({ tenant }) => tenant === 'web')?.total.tokens_spent ?? 0;
}
