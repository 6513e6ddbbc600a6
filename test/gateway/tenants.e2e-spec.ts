import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const KEYS = {
  red: 'red-key-0123456789abcdef',
  blue: 'blue-key-0123456789abcdef',
  ops: 'ops-key-0123456789abcdef',
  busy: 'busy-key-0123456789abcdef',
};
const API_KEYS = `red:${KEYS.red},blue:${KEYS.blue},ops:${KEYS.ops}:admin,busy:${KEYS.busy}`;
const LIMIT = 200;
const MESSAGE = {
  model: 'offline-extractive',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'Red and blue ask the same. Each gets its own answer.' }],
};

type Name = keyof typeof KEYS;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ API_KEYS, RATE_LIMIT_PER_MINUTE: String(LIMIT) });
});

afterAll(() => gateway?.stop());

function ask(name: Name, method: string, path: string, body?: unknown, more = {}): Promise<Response> {
  const request: RequestInit = body === undefined ? {} : jsonPost(body);
  const headers = { ...(request.headers as Record<string, string>), 'x-api-key': KEYS[name], ...more };
  return fetch(gateway.url + path, { ...request, method, headers });
}

async function outcomeOf(name: Name, path: string, body: unknown): Promise<string> {
  const response = await ask(name, 'POST', path, body);
  expect(response.status).toBe(200);
  await response.text();
  return response.headers
    .get('cache-status')!
    .replace(/^redis-cache; /, '')
    .replace(/; ttl=\d+$/, '');
}

async function tenantsOf(name: Name): Promise<string[]> {
  const stats = (await (await ask(name, 'GET', '/v1/cache/stats')).json()) as {
    tenants: { tenant: string }[];
  };
  return stats.tenants.map(({ tenant }) => tenant);
}

async function expectMessagesError(response: Response, status: number, type: string): Promise<void> {
  expect(response.headers.get('content-type')).toContain('application/json');
  const body: unknown = await response.json();
  expect([response.status, body]).toEqual([
    status,
    expect.objectContaining({ type: 'error', error: { type, message: expect.any(String) } }),
  ]);
}

describe('tenants never see each other’s', () => {
  it.each<[string, unknown]>([
    ['/v1/completions', { prompt: 'Both ask this. Neither hears the other.' }],
    ['/v1/messages', MESSAGE],
  ])('answers of %s', async (path, body) => {
    const outcomes = [];
    for (const name of ['red', 'blue', 'red', 'blue'] as const)
      outcomes.push(await outcomeOf(name, path, body));
    expect(outcomes).toEqual(['fwd=miss; stored', 'fwd=miss; stored', 'hit', 'hit']);
  });

  it('tasks', async () => {
    const body = { prompt: 'A task belongs to somebody. Nobody else may look.' };
    const accepted = await ask('red', 'POST', '/v1/completions', body, { prefer: 'respond-async' });
    expect(accepted.status).toBe(202);
    const path = accepted.headers.get('location')!;
    for (const [method, suffix] of [
      ['GET', ''],
      ['GET', '/events'],
      ['DELETE', ''],
    ] as const) {
      expect((await ask('blue', method, path + suffix)).status).toBe(404);
    }
    expect((await ask('red', 'GET', path)).status).toBe(200);
  });

  it('savings; an administrator sees all', async () => {
    for (const name of ['red', 'blue'] as const) await outcomeOf(name, '/v1/messages', MESSAGE);
    expect(await tenantsOf('red')).toEqual(['red']);
    expect(await tenantsOf('blue')).toEqual(['blue']);
    expect(await tenantsOf('ops')).toEqual(expect.arrayContaining(['red', 'blue']));
  });

  it('tags: one invalidates, the other keeps its answers', async () => {
    const body = { prompt: 'A tag is a name. Two may use the same name.', tags: ['shared'] };
    for (const name of ['ops', 'red'] as const) await outcomeOf(name, '/v1/completions', body);
    expect((await ask('ops', 'DELETE', '/v1/cache/tags/shared')).status).toBe(200);
    expect(await outcomeOf('ops', '/v1/completions', body)).toBe('fwd=miss; stored');
    expect(await outcomeOf('red', '/v1/completions', body)).toBe('hit');
  });
});

describe('refusals of /v1/messages have the form of its errors', () => {
  it('without a key', async () => {
    const response = await ask('red', 'POST', '/v1/messages', MESSAGE, { 'x-api-key': 'x'.repeat(20) });
    await expectMessagesError(response, 401, 'authentication_error');
  });

  it('above the limit of a tenant', async () => {
    let response = await ask('busy', 'POST', '/v1/messages', MESSAGE);
    for (let call = 0; call <= LIMIT && response.status === 200; call += 1) {
      await response.text();
      response = await ask('busy', 'POST', '/v1/messages', MESSAGE);
    }
    expect(response.headers.get('retry-after')).toMatch(/^\d+$/);
    await expectMessagesError(response, 429, 'rate_limit_error');
  });
});
