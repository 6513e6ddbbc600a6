import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MessagesApi } from '@test/support/index.js';
import { lineOf } from './log-lines.js';
import { type Gateway, jsonPost, overApi, startGateway } from './start-gateway.js';

const KEY = 'team-key-0123456789abcdef';

let api: MessagesApi;
let gateway: Gateway;

beforeAll(async () => {
  api = await MessagesApi.start();
  gateway = await startGateway(overApi(api, KEY));
});

afterAll(async () => {
  await gateway?.stop();
  await api?.stop();
});

let requests = 0;

/** Sends a request and returns its response with its line in the log. */
async function logged(path: string, body: object, headers: Record<string, string> = {}) {
  requests += 1;
  const id = `request-${requests}`;
  const init = jsonPost(body);
  const all = { ...init.headers, 'x-api-key': KEY, 'x-request-id': id, ...headers };
  const response = await fetch(gateway.url + path, { ...init, headers: all });
  const text = await response.text();
  return { response, text, line: await lineOf(gateway, id) };
}

const message = (content: string, more: object = {}): object => ({
  model: 'claude-sonnet-5-5',
  max_tokens: 10,
  messages: [{ role: 'user', content }],
  ...more,
});

describe('the log line of a request that failed', () => {
  it.each([
    ['[[api overloaded]]', 529, 529, 'ERR_ANTHROPIC_OVERLOADED'],
    ['[[api rate-limit 3]]', 429, 429, 'ERR_ANTHROPIC_RATE_LIMIT'],
    ['[[api broken]]', 500, 500, 'ERR_ANTHROPIC_API'],
    ['[[api invalid]]', 400, 400, 'ERR_ANTHROPIC_INVALID_REQUEST'],
    ['[[api forbidden]]', 502, 403, 'ERR_ANTHROPIC_PERMISSION'],
  ])(
    'names the code, and the status and the request of the API: %s',
    async (mark, status, upstreamStatus, error) => {
      for (const stream of [false, true]) {
        const { response, line } = await logged('/v1/messages', message(`${mark} ${stream}`, { stream }));
        expect(response.status).toBe(status);
        expect(line).toMatchObject({ status, error, upstreamStatus, upstreamRequestId: 'req_test' });
        expect(response.headers.get('request-id')).toBe('req_test');
      }
    },
  );

  it.each(['/v1/messages', '/v1/completions'])(
    'of a stream of %s that failed is no plain 200',
    async (path) => {
      const prompt = '[[api late-overload]]';
      const body = path === '/v1/messages' ? message(prompt, { stream: true }) : { prompt, stream: true };
      const { response, text, line } = await logged(path, body);
      expect(response.status).toBe(200);
      expect(text).toContain('event: error');
      expect(line).toMatchObject({
        status: 200,
        stream: 'failed',
        streamError: 'ERR_ANTHROPIC_OVERLOADED',
        error: 'ERR_ANTHROPIC_OVERLOADED',
        upstreamRequestId: 'req_test',
      });
    },
  );

  it.each([
    ['a body that is not valid', { max_tokens: 1 }, {}, 'ERR_VALIDATION'],
    ['a wrong key', message('x'), { 'x-api-key': 'wrong' }, 'ERR_WRONG_API_KEY'],
  ])('names the code of %s', async (_what, body, headers, error) => {
    const { line } = await logged('/v1/messages', body, headers as Record<string, string>);
    expect(line).toMatchObject({ error });
    expect(line).not.toHaveProperty('upstreamStatus');
  });

  it('of a request that succeeded names none', async () => {
    const { line } = await logged('/v1/messages', message('fine'));
    expect(line).toMatchObject({ status: 200 });
    expect(line).not.toHaveProperty('error');
  });
});
