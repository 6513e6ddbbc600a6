import { once } from 'node:events';
import { type IncomingMessage, request as httpRequest } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { MessagesApi, until } from '@test/support/index.js';
import { type Gateway, jsonPost, overApi, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef:admin';
const [SECRET] = KEY.split(':') as [string];
const MAX_BODY = 130_000;
/** Two of these bodies have no room together. */
const PADDING = 'x'.repeat(80_000);

let api: MessagesApi;
let gateway: Gateway;

beforeAll(async () => {
  api = await MessagesApi.start();
  gateway = await startGateway({
    ...overApi(api, KEY),
    MAX_BODY_BYTES: String(MAX_BODY),
    MAX_BODIES_BYTES: '150000',
  });
});

afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

beforeEach(() => void (api.calls.length = 0));

const message = (said: string): object => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 10,
  messages: [{ role: 'user', content: said }],
});

function post(path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const request = jsonPost(body);
  return fetch(gateway.url + path, {
    ...request,
    headers: { ...request.headers, 'x-api-key': SECRET, ...headers },
  });
}

async function heldBytes(): Promise<number> {
  const response = await fetch(`${gateway.url}/metrics`, { headers: { 'x-api-key': SECRET } });
  return Number(/^gateway_request_bodies_bytes (\d+)$/m.exec(await response.text())?.[1]);
}

const toBeEmpty = (): Promise<unknown> =>
  until(async () => (await heldBytes()) === 0, { what: 'all bodies to be released' });

const atTheApi = (): Promise<unknown> => until(() => api.calls.length > 0, { what: 'a call of the API' });

const open = (): unknown => api.calls[0]!.gate.emit('open');

/** Sends a body without announcing its length. */
async function postInChunks(body: object): Promise<{ status: number; body: string }> {
  const headers = { 'content-type': 'application/json', 'x-api-key': SECRET, 'transfer-encoding': 'chunked' };
  const request = httpRequest(`${gateway.url}/v1/messages`, { method: 'POST', headers });
  // The server may refuse the body before all of it is sent.
  request.on('error', () => {});
  request.end(JSON.stringify(body));
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode!, body: await text(response) };
}

const large = (said: string): object => message(`${said} ${PADDING}`);

describe('the bodies that the gateway holds are bounded together', () => {
  it('a message without room gets 529 with Retry-After, and room is made by the end of a response', async () => {
    const first = post('/v1/messages', large('[[api gate]] one'));
    await atTheApi();
    expect(await heldBytes()).toBeGreaterThan(80_000);
    const refused = await post('/v1/messages', large('two'));
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([529, '2']);
    expect(await refused.json()).toMatchObject({
      type: 'error',
      error: { type: 'overloaded_error', message: expect.stringContaining('MAX_BODIES_BYTES') },
    });
    expect(refused.headers.get('x-should-retry')).toBeNull();
    expect((await post('/v1/messages', message('small'))).status).toBe(200);
    open();
    expect((await first).status).toBe(200);
    await toBeEmpty();
    expect((await post('/v1/messages', large('two'))).status).toBe(200);
  });

  it('other routes refuse with 503 and problem details', async () => {
    const first = post('/v1/messages', large('[[api gate]] three'));
    await atTheApi();
    const refused = await post('/v1/completions', { prompt: `four ${PADDING}` });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2']);
    expect(await refused.json()).toMatchObject({ code: 'ERR_BODIES_IN_FLIGHT', status: 503 });
    open();
    await first;
  });

  it('a hit makes room with the end of its response', async () => {
    const body = large('asked again');
    for (let request = 1; request <= 4; request += 1) {
      const response = await post('/v1/messages', body);
      expect(response.status).toBe(200);
      if (request > 1) expect(response.headers.get('cache-status')).toContain('hit');
      await response.arrayBuffer();
      await toBeEmpty();
    }
  });

  it('bodies of unknown length count as they arrive', async () => {
    const first = post('/v1/messages', large('[[api gate]] five'));
    await atTheApi();
    const refused = await postInChunks(large('six'));
    expect([refused.status, JSON.parse(refused.body)]).toMatchObject([
      529,
      { error: { type: 'overloaded_error' } },
    ]);
    expect((await postInChunks(message('small and in chunks'))).status).toBe(200);
    open();
    await first;
    await toBeEmpty();
    expect((await postInChunks(large('six'))).status).toBe(200);
    expect((await postInChunks(message('x'.repeat(MAX_BODY)))).status).toBe(413);
  });

  it('a body in the background counts until its task ends', async () => {
    const prompt = `[[api gate]] seven ${PADDING}`;
    const begun = await post('/v1/completions', { prompt }, { prefer: 'respond-async' });
    expect(begun.status).toBe(202);
    await atTheApi();
    expect((await post('/v1/messages', large('eight'))).status).toBe(529);
    open();
    await toBeEmpty();
  });

  it('a client that leaves makes room', async () => {
    const leaving = new AbortController();
    const request = { ...jsonPost(large('[[api gate]] nine')), signal: leaving.signal };
    const left = fetch(`${gateway.url}/v1/messages`, {
      ...request,
      headers: { ...request.headers, 'x-api-key': SECRET },
    });
    left.catch(() => {});
    await atTheApi();
    leaving.abort();
    await toBeEmpty();
  });

  it('a stranger has no share of them', async () => {
    const refused = await post('/v1/messages', large('ten'), { 'x-api-key': 'wrong' });
    expect(refused.status).toBe(401);
    expect(await heldBytes()).toBe(0);
  });
});

describe('the gateway refuses', () => {
  it('a body of more values than it can validate in time', async () => {
    const content = Array.from({ length: 16_000 }, () => 0);
    const refused = await post('/v1/messages', { ...message('x'), content: [content, content] });
    expect(refused.status).toBe(413);
    expect(await refused.json()).toMatchObject({
      error: { type: 'request_too_large', message: expect.stringContaining('more than 30000 values') },
    });
  });

  it('a budget that no body fits into, at the start', async () => {
    await expect(startGateway({ MAX_BODIES_BYTES: '2000' })).rejects.toThrow(
      'MAX_BODIES_BYTES is invalid: must be at least MAX_BODY_BYTES, 1048576',
    );
  });
});
