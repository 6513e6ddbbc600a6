import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { lineOf } from './log-lines.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway();
});

afterAll(() => gateway?.stop());

const OPENAI = { 'user-agent': 'OpenAI/JS 7.59.0' };
const PROMPT = { prompt: 'Redis is fast. A cache keeps answers.' };

const complete = (body: unknown, headers: Record<string, string> = {}) => {
  const init = jsonPost(body);
  return fetch(`${gateway.url}/v1/completions`, { ...init, headers: { ...init.headers, ...headers } });
};

/** Checks that a request for a legacy completion is refused and learns where to go. */
async function expectRefused(response: Response): Promise<void> {
  expect([response.status, await response.json()]).toEqual([
    400,
    {
      error: {
        message: expect.stringContaining('/v1/chat/completions'),
        type: 'invalid_request_error',
        param: null,
        code: 'unsupported_endpoint',
      },
    },
  ]);
}

describe('a legacy completion of OpenAI', () => {
  it.each([
    { ...PROMPT, n: 1 },
    { ...PROMPT, best_of: 2 },
    { ...PROMPT, logprobs: null },
    { ...PROMPT, echo: true },
    { ...PROMPT, suffix: 'So.' },
    { ...PROMPT, stop: ['END'] },
    { prompt: ['One.', 'Two.'] },
    { prompt: [1, 2, 3] },
  ])('is recognised by its body: %j', async (body) => {
    await expectRefused(await complete(body));
  });

  it('is recognised by its client, also if the same body was answered before', async () => {
    expect((await complete(PROMPT)).status).toBe(200);
    expect((await complete(PROMPT)).headers.get('cache-status')).toMatch(/hit/);
    await expectRefused(await complete(PROMPT, OPENAI));
    expect((await complete(PROMPT)).headers.get('cache-status')).toMatch(/hit/);
  });

  it('gets every error in the form of OpenAI, also one that comes before', async () => {
    const response = await complete('{"prompt":', OPENAI);
    expect([response.status, await response.json()]).toMatchObject([
      400,
      { error: { type: 'invalid_request_error', param: 'body', code: 'ERR_INVALID_BODY' } },
    ]);
  });

  it('is logged with its route', async () => {
    await complete(PROMPT, { ...OPENAI, 'x-request-id': 'legacy' });
    expect(await lineOf(gateway, 'legacy')).toMatchObject({ route: '/v1/completions', status: 400 });
  });

  it.each([{ ...PROMPT, colour: 'red' }, { prompt: 1 }, { ...PROMPT, top_p: 1 }])(
    'is not what an invalid body of the gateway is taken for: %j',
    async (body) => {
      const response = await complete(body);
      expect([response.status, response.headers.get('content-type')]).toEqual([
        400,
        expect.stringContaining('application/problem+json'),
      ]);
    },
  );
});

const models = async (headers: Record<string, string>) => {
  const response = await fetch(`${gateway.url}/v1/models`, { headers });
  return (await response.json()) as { object?: string; has_more: boolean; data: { id: string }[] };
};

describe('clients of OpenAI', () => {
  it('get all models at once, those of Anthropic a page', async () => {
    const all = await models(OPENAI);
    expect(all).toMatchObject({ object: 'list', has_more: false });
    expect(all.data[0]).toMatchObject({ id: 'offline-extractive', object: 'model' });
    const page = await models({ 'anthropic-version': '2023-06-01' });
    expect(page).not.toHaveProperty('object');
    expect([page.data.length, page.has_more]).toEqual([Math.min(20, all.data.length), all.data.length > 20]);
  });

  it('learn where to go from the routes that the gateway does not have', async () => {
    const response = await gateway.post('/v1/responses', { model: 'm', input: 'a' });
    expect([response.status, await response.json()]).toMatchObject([
      404,
      { error: { message: expect.stringContaining('/v1/chat/completions') } },
    ]);
  });

  it('get an answer of the offline executor, too', async () => {
    const body = { model: 'any', messages: [{ role: 'user', content: PROMPT.prompt }] };
    const response = await gateway.post('/v1/chat/completions', body);
    expect(await response.json()).toMatchObject({
      model: 'offline-extractive',
      choices: [{ message: { content: expect.stringContaining('Redis is fast.') }, finish_reason: 'stop' }],
    });
  });
});
