import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { until } from '@test/support/index.js';
import { lineOf, linesOf } from './log-lines.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const PROMPT = 'MARKER-PROMPT is private. Nobody may read it in a log. It stays where it is.';
const KEY = 'MARKER-KEY-0123456789';
const CLI = { WORKER_EXECUTOR: 'claude-cli', CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs') };
const BODIES = [
  { prompt: PROMPT },
  { prompt: PROMPT, system: PROMPT, tags: [KEY] },
  { prompt: PROMPT, [PROMPT]: KEY },
  { model: 'claude', max_tokens: 50, messages: [{ role: 'user', content: PROMPT }] },
  { model: 'claude', max_tokens: 50, messages: [{ role: PROMPT, content: { [KEY]: PROMPT } }], stream: true },
  `{"prompt":"${PROMPT}`,
];
let gateway: Gateway;

afterEach(() => gateway.stop());

/** Every route that the API describes, and some unknown ones. */
async function allRoutes(): Promise<[method: string, path: string][]> {
  const { paths } = (await (await gateway.get('/docs-json')).json()) as { paths: Record<string, object> };
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method): [string, string] => [
      method.toUpperCase(),
      path.replaceAll(/\{\w+\}/g, '00000000-0000-4000-8000-000000000000'),
    ]),
  );
  return [...described, ['GET', '/'], ['GET', '/docs'], ['POST', '/nowhere'], ['GET', `/nowhere?${KEY}`]];
}

function ask(path: string, requestId: string, init: RequestInit = {}): Promise<Response> {
  return fetch(gateway.url + path, { ...init, headers: { ...init.headers, 'x-request-id': requestId } });
}

describe('the access log', () => {
  it('has one line for each request, with its route, status, cache status and duration', async () => {
    gateway = await startGateway();
    const first = await ask('/v1/completions', 'first', jsonPost({ prompt: PROMPT }));
    const second = await ask('/v1/completions', 'second', jsonPost({ prompt: PROMPT }));
    await ask('/v1/completions', 'refused', jsonPost({ prompt: 5 }));
    await ask('/nowhere/MARKER-PATH?MARKER-QUERY', 'unknown');
    const common = {
      level: 'info',
      method: 'POST',
      route: '/v1/completions',
      durationMs: expect.any(Number),
    };
    expect(await lineOf(gateway, 'first')).toMatchObject({
      ...common,
      status: 200,
      cache: first.headers.get('cache-status'),
      source: 'factory',
    });
    expect(await lineOf(gateway, 'second')).toMatchObject({
      ...common,
      status: 200,
      cache: second.headers.get('cache-status'),
      source: 'redis',
    });
    expect(await lineOf(gateway, 'refused')).toMatchObject({ ...common, status: 400 });
    expect(await lineOf(gateway, 'unknown')).toMatchObject({ method: 'GET', route: 'unknown', status: 404 });
    expect(linesOf(gateway).filter((line) => line.requestId !== undefined)).toHaveLength(4);
    expect(gateway.process.stdout).not.toContain('MARKER');
  });

  it('has a line for a URL that the router rejects, without the URL', async () => {
    gateway = await startGateway();
    const bad = await ask('/v1/tasks/%zz', 'bad');
    expect([bad.status, bad.headers.get('x-request-id')]).toEqual([400, 'bad']);
    expect(await lineOf(gateway, 'bad')).toMatchObject({ route: 'unknown', status: 400, method: 'GET' });
    expect(gateway.process.stdout).not.toContain('%zz');
    const long = await ask(`/v1/tasks/${'x'.repeat(3_500)}`, 'long');
    expect(long.status).toBe(404);
    expect(await lineOf(gateway, 'long')).toMatchObject({ route: '/v1/*', status: 404 });
    expect(await (await gateway.get('/metrics')).text()).toMatch(
      /gateway_requests_total\{method="unknown",route="unknown",status="400"\} 1/,
    );
  });

  it('names the tenant, and no one if the key was refused', async () => {
    gateway = await startGateway({ API_KEYS: `web:${KEY}` });
    await ask('/v1/queue', 'known', { headers: { 'x-api-key': KEY } });
    await ask('/v1/queue', 'wrong', { headers: { 'x-api-key': 'not-one-of-them' } });
    await ask('/v1/queue', 'none');
    expect(await lineOf(gateway, 'known')).toMatchObject({ status: 200, tenant: 'web' });
    for (const id of ['wrong', 'none']) {
      const line = await lineOf(gateway, id);
      expect([line['status'], line['tenant']]).toEqual([401, undefined]);
    }
  });

  it('has a line for a client that left before its response', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-logs-'));
    const atWork = join(folder, 'pids.json');
    gateway = await startGateway({ ...CLI, SHUTDOWN_DRAIN_MS: '0' });
    const leaving = new AbortController();
    const init = { ...jsonPost({ prompt: `[[fake-claude hang ${atWork}]]` }), signal: leaving.signal };
    const left = ask('/v1/completions', 'left', init).catch((error: Error) => error.name);
    await until(() => existsSync(atWork), { what: 'the CLI to be at work' });
    leaving.abort();
    expect(await left).toBe('AbortError');
    expect(await lineOf(gateway, 'left')).toMatchObject({
      status: 499,
      aborted: true,
      route: '/v1/completions',
    });
    await rm(folder, { recursive: true });
  });

  it('is complete when the process is stopped right after a request', async () => {
    gateway = await startGateway();
    await ask('/health/live', 'last');
    await gateway.stop();
    expect(linesOf(gateway).filter((line) => line.requestId === 'last')).toHaveLength(1);
  });

  it('is silent if configured so, while the banner stays', async () => {
    gateway = await startGateway({ LOG_LEVEL: 'silent' });
    await ask('/health/live', 'unheard');
    await gateway.stop();
    expect(linesOf(gateway)).toEqual([]);
    expect(gateway.process.stdout).toMatch(/^Listening on /);
  });
});

describe('the request id', () => {
  it('of the client is returned if it is well-formed; otherwise there is a new one', async () => {
    gateway = await startGateway();
    const idFor = async (given: string): Promise<string | null> =>
      (await ask('/health/live', given)).headers.get('x-request-id');
    expect(await idFor('trace:1.a_b-C')).toBe('trace:1.a_b-C');
    expect(await idFor('two words')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idFor('x'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
    expect((await ask('/nowhere', 'also-404')).headers.get('x-request-id')).toBe('also-404');
  });
});

describe('prompts and keys', () => {
  it.each([
    ['accepted', `team:${KEY}:admin`],
    ['refused', 'team:another-key-0123456789'],
  ])('are never logged by any route, if the key is %s', async (_what, keys) => {
    gateway = await startGateway({ LOG_LEVEL: 'trace', API_KEYS: keys });
    const headers = { authorization: `Bearer ${KEY}`, 'x-api-key': KEY };
    const routes = await allRoutes();
    expect(routes).toContainEqual(['POST', '/v1/completions']);
    let count = 0;
    for (const [method, path] of routes) {
      for (const body of method === 'POST' ? BODIES : [undefined]) {
        count += 1;
        const init = body === undefined ? {} : jsonPost(body);
        const sent = { ...init, method, headers: { ...init.headers, ...headers } };
        await (await ask(path, `no-${count}`, sent)).body?.cancel();
      }
    }
    await lineOf(gateway, `no-${count}`);
    await gateway.stop();
    expect(gateway.process.stdout + gateway.process.stderr).not.toMatch(/MARKER/);
  });
});
