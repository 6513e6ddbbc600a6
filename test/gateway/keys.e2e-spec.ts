import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawnNode } from '@test/support/index.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const RED = 'red-key-0123456789abcdef';
const BLUE = 'blue-key-0123456789abcdef';
const OPS = 'ops-key-0123456789abcdef';
const WATCH = 'watch-key-0123456789abcdef';
const RED_WATCH = 'red-watch-key-0123456789abcdef';
const MONITORS = `prom:${WATCH}:monitor,red:${RED_WATCH}:monitor`;
const API_KEYS = `red:${RED},blue:${BLUE},ops:${OPS}:admin,${MONITORS}`;
const PROMPT = 'A key opens a door. Another key opens another door. No key opens none.';
const WRONG = 'wrong-key-0123456789abcdef';

type Headers = Record<string, string>;

let gateway: Gateway;

beforeAll(async () => {
  gateway = await startGateway({ API_KEYS });
});

afterAll(() => gateway?.stop());

function request(method: string, path: string, headers: Headers, body?: unknown): Promise<Response> {
  const init = body === undefined ? { method } : { ...jsonPost(body), method };
  return fetch(gateway.url + path, {
    ...init,
    headers: { ...(init as { headers?: Headers }).headers, ...headers },
  });
}

const complete = (headers: Headers, prompt = PROMPT): Promise<Response> =>
  request('POST', '/v1/completions', headers, { prompt });

async function expectProblem(response: Response, status: number, code: string): Promise<void> {
  expect([response.status, response.headers.get('content-type')]).toEqual([
    status,
    expect.stringContaining('application/problem+json'),
  ]);
  expect(await response.json()).toMatchObject({ type: 'about:blank', status, code });
}

describe('with API_KEYS', () => {
  it.each<[string, Headers]>([
    ['x-api-key', { 'x-api-key': RED }],
    ['Authorization: Bearer', { authorization: `Bearer ${RED}` }],
    ['a bearer scheme in other letters', { authorization: `bEARER   ${RED}` }],
    ['x-api-key beside what a proxy put there', { 'x-api-key': RED, authorization: 'Basic cHJveHk6cA==' }],
  ])('a key is read from %s', async (_where, headers) => {
    expect((await complete(headers)).status).toBe(200);
  });

  it.each<[string, Headers, string]>([
    ['no key', {}, 'ERR_NO_API_KEY'],
    ['another scheme', { authorization: `Basic ${RED}` }, 'ERR_NO_API_KEY'],
    ['a wrong key', { 'x-api-key': WRONG }, 'ERR_WRONG_API_KEY'],
    ['a wrong bearer', { authorization: `Bearer ${WRONG}` }, 'ERR_WRONG_API_KEY'],
    ['an empty key', { 'x-api-key': '' }, 'ERR_WRONG_API_KEY'],
    ['a part of a key', { 'x-api-key': RED.slice(0, -1) }, 'ERR_WRONG_API_KEY'],
    ['a key and more', { 'x-api-key': `${RED}x` }, 'ERR_WRONG_API_KEY'],
    ['the name and the key', { 'x-api-key': `red:${RED}` }, 'ERR_WRONG_API_KEY'],
    [
      'a wrong key beside a right bearer',
      { 'x-api-key': WRONG, authorization: `Bearer ${RED}` },
      'ERR_WRONG_API_KEY',
    ],
  ])('%s is a 401', async (_what, headers, code) => {
    const response = await complete(headers);
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer realm=/);
    await expectProblem(response, 401, code);
  });

  it.each([
    ['GET', '/v1/queue'],
    ['POST', '/v1/queue'],
    ['DELETE', '/v1/queue'],
    ['DELETE', '/v1/cache'],
    ['GET', '/v2/nothing'],
    ['GET', '/metrics'],
    ['GET', '/health/other'],
    ['GET', '//health'],
    ['GET', '/v1/queue?x=/health'],
  ])('%s %s needs one', async (method, path) => {
    await expectProblem(await request(method, path, {}), 401, 'ERR_NO_API_KEY');
  });

  it.each([
    ['GET', '/v1/nothing'],
    ['OPTIONS', '/v1/queue'],
    ['POST', '/v1/messages/batches'],
    ['GET', '/v1/models'],
  ])('%s %s needs one, and says so in the form of the Messages API', async (method, path) => {
    const response = await request(method, path, {});
    expect([response.status, await response.json()]).toMatchObject([
      401,
      { error: { type: 'authentication_error' } },
    ]);
  });

  it('refuses before it reads the body', async () => {
    await expectProblem(await request('POST', '/v1/completions', {}, '{"prompt":'), 401, 'ERR_NO_API_KEY');
  });

  it.each(['/health', '/health/live'])('GET %s needs none, and ignores a wrong one', async (path) => {
    for (const headers of [{}, { 'x-api-key': WRONG }] as Headers[]) {
      expect((await request('GET', path, headers)).status).toBe(200);
    }
  });

  it.each([
    ['DELETE', '/v1/cache'],
    ['DELETE', '/v1/queue'],
    ['GET', '/metrics'],
  ])('%s %s needs a key of an administrator', async (method, path) => {
    await expectProblem(await request(method, path, { 'x-api-key': RED }), 403, 'ERR_NOT_ADMIN');
    expect((await request(method, path, { 'x-api-key': OPS })).status).toBe(200);
  });

  it('a key of a monitor reads the statistics of all tenants', async () => {
    for (const key of [RED, BLUE]) expect((await complete({ 'x-api-key': key })).status).toBe(200);
    const metrics = await request('GET', '/metrics', { authorization: `Bearer ${WATCH}` });
    expect([metrics.status, await metrics.text()]).toEqual([
      200,
      expect.stringContaining('gateway_answers_total'),
    ]);
    const stats = await request('GET', '/v1/cache/stats', { 'x-api-key': WATCH });
    const { tenants } = (await stats.json()) as { tenants: { tenant: string }[] };
    expect(tenants.map(({ tenant }) => tenant)).toEqual(expect.arrayContaining(['red', 'blue']));
  });

  it.each([
    ['POST', '/v1/completions'],
    ['POST', '/v1/messages'],
    ['GET', '/v1/tasks/x'],
    ['GET', '/v1/queue'],
    ['POST', '/v1/queue'],
    ['GET', '/v1/queue/dead'],
    ['DELETE', '/v1/cache'],
    ['GET', '/v1/events'],
    ['GET', '/v1/nothing'],
    ['DELETE', '/v1/cache/stats'],
  ])('%s %s refuses it', async (method, path) => {
    const response = await request(method, path, { 'x-api-key': WATCH });
    const inFormOfTheApi = ['/v1/messages', '/v1/nothing', '/v1/cache/stats'];
    if (!inFormOfTheApi.includes(path)) return expectProblem(response, 403, 'ERR_MONITOR_ONLY');
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { type: 'permission_error' } });
  });

  it('it gets no cached answer, not even of the tenant of its name', async () => {
    const prompt = 'Red has asked this. The monitor of red must not see it.';
    const outcomes = [];
    for (const key of [RED, RED, RED, RED_WATCH]) {
      const response = await complete({ 'x-api-key': key }, prompt);
      outcomes.push([response.status, response.headers.get('cache-status')?.includes('hit')]);
      await response.text();
    }
    expect(outcomes).toEqual([
      [200, false],
      [200, true],
      [200, true],
      [403, undefined],
    ]);
  });

  it('never shows a key', async () => {
    for (const key of [RED, WRONG]) {
      const answers = [
        await complete({ 'x-api-key': key }),
        await request('DELETE', '/v1/cache', { 'x-api-key': key }),
      ];
      const said = await Promise.all(answers.map((answer) => answer.text()));
      expect(said.join()).not.toContain(key);
    }
    expect(gateway.process.stdout + gateway.process.stderr).not.toMatch(/0123456789abcdef/);
  });

  it('prints how many keys there are, and of which tenants', () => {
    expect(gateway.process.stdout).toMatch(/access +5 API keys for red, blue, ops, prom/);
  });
});

describe('two tenants', () => {
  it('never see each other’s answers', async () => {
    const prompt = 'Red asks this first. Blue asks the same. Each gets its own answer.';
    const statuses = [];
    for (const key of [RED, BLUE, RED, BLUE]) {
      const response = await complete({ 'x-api-key': key }, prompt);
      statuses.push(response.headers.get('cache-status')?.replace(/; ttl=\d+/, ''));
    }
    const [miss, hit] = ['redis-cache; fwd=miss; stored', 'redis-cache; hit'];
    expect(statuses).toEqual([miss, miss, hit, hit]);
  });
});

const MAIN = 'apps/gateway/dist/main.js';

async function failedStart(env: Record<string, string>): Promise<string> {
  const child = spawnNode(MAIN, { env: { PORT: '0', ...env } });
  expect((await child.exited).code).toBe(1);
  return child.stderr;
}

describe('the start', () => {
  it('refuses a key without a name, names the variable and never shows the key', async () => {
    const said = await failedStart({ API_KEYS: RED });
    expect(said).toContain('The gateway did not start: API_KEYS is invalid: entry 1 is not of the form');
    expect(said).not.toContain(RED);
  });

  it.each(['0.0.0.0', 'gateway.example'])(
    'refuses HOST=%s without keys and names what to set',
    async (HOST) => {
      const said = await failedStart({ HOST });
      for (const variable of ['HOST', 'API_KEYS', 'ALLOW_ANONYMOUS=true']) expect(said).toContain(variable);
    },
  );

  it('refuses an ALLOW_ANONYMOUS that is neither true nor false', async () => {
    expect(await failedStart({ ALLOW_ANONYMOUS: 'perhaps' })).toContain('ALLOW_ANONYMOUS is invalid');
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['with keys', { HOST: '0.0.0.0', API_KEYS }, /access +5 API keys/],
    ['when told to serve everyone', { HOST: '0.0.0.0', ALLOW_ANONYMOUS: 'true' }, /access +EVERYONE/],
    ['on a loopback address', { HOST: '127.0.0.2' }, /access +this machine only, no key needed/],
    ['by the name of the loopback address', { HOST: 'localhost' }, /access +this machine only/],
  ])('listens %s', async (_when, env, said) => {
    const other = await startGateway(env);
    try {
      await other.process.waitForLine(said);
    } finally {
      await other.stop();
    }
  });
});
