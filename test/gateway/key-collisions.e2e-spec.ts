import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { MessagesApi } from '@test/support/index.js';
import { type Gateway, jsonPost, overApi, startGateway } from './start-gateway.js';

const RED = 'red-key-0123456789abcdef';
const BLUE = 'blue-key-0123456789abcdef';
/** Fields of a body that are named like those of which a key is made. */
const NAMED_LIKE_PARTS = [
  { tenant: 'red' },
  { tenant: 'blue' },
  { executor: 'anthropic' },
  { executor: 'offline' },
  { tenant: 'blue', executor: 'anthropic' },
  { variant: 'tenant' },
  { request: { tenant: 'blue' } },
];

let api: MessagesApi;
let gateway: Gateway;

beforeAll(async () => {
  api = await MessagesApi.start();
  gateway = await startGateway({ ...overApi(api, RED), API_KEYS: `red:${RED},blue:${BLUE}` });
});

afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

function post(path: string, body: object, key = RED): Promise<Response> {
  const init = jsonPost(body);
  return fetch(gateway.url + path, { ...init, headers: { ...init.headers, 'x-api-key': key } });
}

async function cacheStatusOf(more: object, key?: string): Promise<string> {
  const messages = [{ role: 'user', content: 'Whose answer is this?' }];
  const response = await post('/v1/messages', { model: 'm', max_tokens: 9, messages, ...more }, key);
  await response.text();
  return response.headers.get('cache-status') ?? `${response.status}`;
}

it('a field of a body never stands for the tenant or the executor in a key', async () => {
  expect(await cacheStatusOf({}, BLUE)).toContain('fwd=miss');
  for (const more of NAMED_LIKE_PARTS)
    expect([more, await cacheStatusOf(more)]).toEqual([more, expect.stringContaining('fwd=miss')]);
  expect(await cacheStatusOf({})).toContain('fwd=miss');
  // Each of them has an entry of its own, and the fields reach the API as they came.
  for (const more of [...NAMED_LIKE_PARTS, {}])
    expect([more, await cacheStatusOf(more)]).toEqual([more, expect.stringContaining('; hit')]);
  expect(api.calls).toHaveLength(NAMED_LIKE_PARTS.length + 2);
  for (const [index, more] of NAMED_LIKE_PARTS.entries())
    expect((await api.call(index + 1)).body).toMatchObject(more);
});

it.each(['/v1/completions', '/v1/queue'])('%s refuses such fields by name', async (path) => {
  for (const more of [{ tenant: 'blue' }, { executor: 'offline' }]) {
    const response = await post(path, { prompt: 'Whose answer is this?', ...more });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain(Object.keys(more)[0]);
  }
});
