import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Gateway, startGateway } from './start-gateway.js';

interface Problem {
  status: number;
  title: string;
  detail: string;
  errors?: { field: string; detail: string }[];
}

const MAX_PROMPT_BYTES = 2_000;
const MAX_BODY_BYTES = 8_000;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({
    MAX_PROMPT_BYTES: String(MAX_PROMPT_BYTES),
    MAX_BODY_BYTES: String(MAX_BODY_BYTES),
    QUEUE_CONSUMERS: '0',
  });
});

afterAll(() => gateway?.stop());

async function problemOf(response: Response): Promise<Problem> {
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  const problem = (await response.json()) as Problem;
  expect(problem).toMatchObject({ type: 'about:blank', status: response.status });
  expect(problem.detail).not.toBe('');
  return problem;
}

describe.each(['/v1/completions', '/v1/queue'])('bad input at POST %s', (path) => {
  it.each<[string, unknown, number, string]>([
    ['an empty body', '', 400, 'body'],
    ['no JSON', '{"prompt":', 400, 'body'],
    ['an array', [], 400, 'body'],
    ['null', 'null', 400, 'body'],
    ['a missing prompt', {}, 400, 'prompt'],
    ['an empty prompt', { prompt: '' }, 400, 'prompt'],
    ['a blank prompt', { prompt: ' \n ' }, 400, 'prompt'],
    ['a prompt that is no text', { prompt: 7 }, 400, 'prompt'],
    ['an unknown field', { prompt: 'a', promt: 'b' }, 400, 'promt'],
    ['a negative TTL', { prompt: 'a', ttl_seconds: -1 }, 400, 'ttl_seconds'],
    ['a TTL of zero', { prompt: 'a', ttl_seconds: 0 }, 400, 'ttl_seconds'],
    ['a TTL that is no number', { prompt: 'a', ttl_seconds: '60' }, 400, 'ttl_seconds'],
    ['a fraction of a token', { prompt: 'a', max_tokens: 1.5 }, 400, 'max_tokens'],
    ['a model that is no text', { prompt: 'a', model: {} }, 400, 'model'],
    ['a temperature above one', { prompt: 'a', temperature: 1.1 }, 400, 'temperature'],
    ['what the executor cannot honour', { prompt: 'a', temperature: 0.5 }, 400, 'temperature'],
    ['a prompt above the limit', { prompt: 'x'.repeat(MAX_PROMPT_BYTES + 1) }, 413, 'prompt'],
    ['a prompt above the limit in bytes', { prompt: 'é'.repeat(MAX_PROMPT_BYTES / 2 + 1) }, 413, 'prompt'],
    [
      'a system prompt that exceeds the limit together with the prompt',
      { prompt: 'a', system: 'x'.repeat(MAX_PROMPT_BYTES) },
      413,
      'prompt',
    ],
    ['a body above the limit', { prompt: 'x'.repeat(MAX_BODY_BYTES) }, 413, 'body'],
  ])('refuses %s and names the field', async (_what, body, status, field) => {
    const response = await gateway.post(path, body);
    expect(response.status).toBe(status);
    const { errors } = await problemOf(response);
    expect(errors?.map((error) => error.field)).toContain(field);
  });

  it('refuses another media type', async () => {
    const response = await fetch(gateway.url + path, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'a,b',
    });
    expect(response.status).toBe(415);
    await problemOf(response);
  });

  it('refuses a body that would change prototypes', async () => {
    const response = await gateway.post(path, '{"prompt":"a","__proto__":{"admin":true}}');
    expect(response.status).toBe(400);
    await problemOf(response);
  });
});

it('names every invalid field at once', async () => {
  const { errors } = await problemOf(
    await gateway.post('/v1/completions', { max_tokens: 0, ttl_seconds: 'x' }),
  );
  expect(errors?.map((error) => error.field).toSorted()).toEqual(['max_tokens', 'prompt', 'ttl_seconds']);
});

it('responds to an unknown route with a problem', async () => {
  const response = await gateway.get('/v2/nothing');
  expect(response.status).toBe(404);
  await problemOf(response);
});

it('responds to an unknown route below /v1 in the form of the Messages API, whatever is sent', async () => {
  const file = { method: 'POST', body: new FormData() };
  for (const init of [{}, { method: 'DELETE' }, file]) {
    for (const path of ['/v1/nothing', '/v1/files?beta=true', '/v1/messages/batches/a']) {
      const response = await fetch(gateway.url + path, init);
      expect([response.status, await response.json()]).toEqual([
        404,
        {
          type: 'error',
          error: { type: 'not_found_error', message: expect.any(String) },
          request_id: expect.any(String),
        },
      ]);
    }
  }
});

it('ignores a slash at the end of a path', async () => {
  expect((await gateway.get('/v1/queue/')).status).toBe(200);
  expect((await gateway.post('/v1/completions/', { prompt: 'A slash.' })).status).toBe(200);
  expect((await fetch(`${gateway.url}/`, { method: 'HEAD' })).status).toBe(200);
});

it('queues nothing that it refused', async () => {
  expect(await (await gateway.get('/v1/queue')).json()).toEqual({ length: 0 });
});

it('accepts a prompt at the limit', async () => {
  const response = await gateway.post('/v1/completions', { prompt: 'x'.repeat(MAX_PROMPT_BYTES) });
  expect(response.status).toBe(200);
});
