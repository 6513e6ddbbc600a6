import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { MessagesApi, until } from '@test/support/index.js';
import { type Gateway, jsonPost, overApi, startGateway } from './start-gateway.js';

const KEYS = { red: 'red-key-0123456789abcdef', blue: 'blue-key-0123456789abcdef' };
const API_KEYS = `red:${KEYS.red},blue:${KEYS.blue}`;
type Name = keyof typeof KEYS;

let api: MessagesApi;
let gateway: Gateway;

beforeAll(async () => void (api = await MessagesApi.start()));

afterEach(() => gateway.stop());

afterAll(() => api.stop());

function call(name: Name, path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(gateway.url + path, { ...init, headers: { ...init.headers, 'x-api-key': KEYS[name] } });
}

const ask = (name: Name, said: string): Promise<Response> =>
  call(
    name,
    '/v1/messages',
    jsonPost({ model: 'm', max_tokens: 9, messages: [{ role: 'user', content: said }] }),
  );

async function hasEnded(response: Response): Promise<boolean> {
  return (await response.text()) !== '';
}

/** Whether the server serves a request on this connection. */
async function alive(socket: Socket): Promise<boolean> {
  const ended = new Promise<boolean>((resolve) => void socket.once('close', () => resolve(false)));
  const served = new Promise<boolean>((resolve) => void socket.once('data', () => resolve(true)));
  socket.write('GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n');
  return Promise.race([ended, served]);
}

describe('bodies in flight', () => {
  it('of one tenant do not take the room of another', async () => {
    gateway = await startGateway({
      ...overApi(api, KEYS.red),
      API_KEYS,
      MAX_BODY_BYTES: '100000',
      MAX_BODIES_BYTES: '200000',
    });
    const padding = 'x'.repeat(80_000);
    const first = ask('red', `[[api gate]] one ${padding}`);
    await until(() => api.calls.length > 0, { what: 'a call of the API' });
    const refused = await ask('red', `two ${padding}`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '2']);
    expect(await refused.json()).toMatchObject({
      error: { type: 'rate_limit_error', message: expect.stringContaining('TENANT_BODIES_BYTES') },
    });
    const init = { ...jsonPost({ prompt: `three ${padding}` }) };
    expect(await (await call('red', '/v1/completions', init)).json()).toMatchObject({
      status: 429,
      code: 'ERR_TENANT_BODIES_IN_FLIGHT',
    });
    expect((await ask('blue', `two ${padding}`)).status).toBe(200);
    api.calls[0]!.gate.emit('open');
    expect((await first).status).toBe(200);
    expect((await ask('red', `two ${padding}`)).status).toBe(200);
  });

  it('have a bound that a body fits into, or the start fails', async () => {
    const started = startGateway({ TENANT_BODIES_BYTES: '2000' });
    await expect(started).rejects.toThrow('TENANT_BODIES_BYTES is invalid: must be at least MAX_BODY_BYTES');
  });
});

describe('event streams', () => {
  const leaving = new AbortController();

  afterAll(() => leaving.abort());

  const listen = (name: Name, path = '/v1/events'): Promise<Response> =>
    call(name, path, { signal: leaving.signal });

  it('of all kinds are bounded together, and a tenant gets its share when others have taken all', async () => {
    gateway = await startGateway({ API_KEYS, MAX_EVENT_STREAMS: '4' });
    const init = jsonPost({ prompt: 'Redis is fast.' });
    const begun = await call('red', '/v1/completions', {
      ...init,
      headers: { ...init.headers, prefer: 'respond-async' },
    });
    const events = `${begun.headers.get('location')}/events`;
    const red = [];
    for (let index = 0; index < 4; index += 1) red.push(await listen('red'));
    expect(red.map(({ status }) => status)).toEqual([200, 200, 200, 200]);

    const refused = await listen('red', events);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await refused.json()).toMatchObject({ code: 'ERR_TOO_MANY_LISTENERS' });

    expect((await listen('blue')).status).toBe(200);
    expect((await listen('blue')).status).toBe(200);
    expect(await Promise.all(red.slice(2).map(hasEnded))).toEqual([true, true]);
    expect((await listen('blue')).status).toBe(503);
  });
});

describe('connections', () => {
  const sockets: Socket[] = [];

  afterAll(() => {
    for (const socket of sockets) socket.destroy();
  });

  it('above MAX_CONNECTIONS are closed, and there is room when one has left', async () => {
    gateway = await startGateway({ MAX_CONNECTIONS: '2' });
    const { hostname, port } = new URL(gateway.url);
    const open = async (): Promise<Socket> => {
      const socket = connect(Number(port), hostname).on('error', () => {});
      sockets.push(socket);
      await once(socket, 'connect');
      return socket;
    };
    const [first, second] = [await open(), await open()];
    expect([await alive(first), await alive(second), await alive(await open())]).toEqual([true, true, false]);
    first.destroy();
    await until(async () => alive(await open()), { what: 'room for a connection' });
  });
});
