import { readFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until, within } from '@test/support/index.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

interface Task {
  id: string;
  status: string;
  started_at: string | null;
  finished_at: string | null;
  result: { completion: string; cost: number } | null;
  error: { code: string } | null;
}

const KEYS = { web: 'key-of-the-web-team', ops: 'key-of-operations' };
let folder: string;
let gateway: Gateway;
let gates = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-async-'));
  gateway = await startGateway({
    WORKER_EXECUTOR: 'claude-cli',
    CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
    WORKER_CONCURRENCY: '8',
    SSE_HEARTBEAT_MS: '50',
    SHUTDOWN_DRAIN_MS: '0',
    API_KEYS: `web:${KEYS.web},ops:${KEYS.ops}:admin`,
  });
});

afterAll(async () => {
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

function call(path: string, init: RequestInit = {}, key = KEYS.web): Promise<Response> {
  const headers = new Headers(init.headers);
  headers.set('x-api-key', key);
  return fetch(gateway.url + path, { ...init, headers });
}

function ask(prompt: string, prefer?: string): Promise<Response> {
  const init = jsonPost({ prompt });
  const headers = new Headers(init.headers);
  if (prefer !== undefined) headers.set('prefer', prefer);
  return call('/v1/completions', { ...init, headers });
}

/** A prompt that completes once its gate is opened. */
function gatedPrompt(): { prompt: string; atWork: () => Promise<unknown>; open: () => Promise<void> } {
  gates += 1;
  const gate = join(folder, `gate-${gates}`);
  return {
    prompt: `[[fake-claude gate ${gate}]]`,
    atWork: () => until(() => readFile(gate), { what: 'the CLI to be at work' }),
    open: () => writeFile(`${gate}.go`, ''),
  };
}

async function begin(prompt: string): Promise<string> {
  const response = await ask(prompt, 'respond-async');
  expect(response.status).toBe(202);
  return response.headers.get('location')!;
}

async function taskAt(path: string): Promise<Task> {
  const response = await call(path);
  expect(response.status).toBe(200);
  return (await response.json()) as Task;
}

async function costSpent(): Promise<number> {
  const stats = (await (await call('/v1/cache/stats')).json()) as { total: Record<string, number> };
  return stats.total['cost_spent']!;
}

async function expectNotFound(response: Response): Promise<void> {
  expect(response.status).toBe(404);
  expect(response.headers.get('content-type')).toContain('application/problem+json');
  expect(await response.json()).toMatchObject({ status: 404, code: 'ERR_TASK_NOT_FOUND' });
}

describe('Prefer: respond-async', () => {
  it('returns 202 with the location of the task, whose answer is cached even if no one asks for it', async () => {
    const spent = await costSpent();
    const { prompt, atWork, open } = gatedPrompt();
    const response = await ask(prompt, 'wait=5, Respond-Async');
    expect(response.status).toBe(202);
    expect(response.headers.get('preference-applied')).toBe('respond-async');
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const body = (await response.json()) as Task;
    const location = response.headers.get('location')!;
    expect(location).toBe(`/v1/tasks/${body.id}`);
    await atWork();
    expect(await taskAt(location)).toMatchObject({ id: body.id, status: 'running', result: null });
    await open();
    // Joins the task, or finds its stored answer.
    const waited = await ask(prompt);
    expect(waited.headers.get('cache-status')).toMatch(/hit|collapsed|fwd=miss/);
    await until(async () => (await ask(prompt, 'respond-async')).status === 200, {
      what: 'the answer to be cached',
    });
    const hit = await ask(prompt);
    expect(hit.headers.get('cache-status')).toMatch(/^redis-cache; hit/);
    const ended = await taskAt(location);
    expect(ended).toMatchObject({ status: 'completed', error: null });
    expect(ended.result?.cost).toBeCloseTo(0.0125);
    expect((await costSpent()) - spent).toBeCloseTo(0.0125);
  });

  it('returns a stored answer at once', async () => {
    await ask('[[fake-claude text An answer.]]');
    const response = await ask('[[fake-claude text An answer.]]', 'respond-async');
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-status')).toMatch(/^redis-cache; hit/);
    expect(response.headers.get('preference-applied')).toBeNull();
  });

  it('joins a task that computes the same', async () => {
    const { prompt, atWork, open } = gatedPrompt();
    const first = await begin(prompt);
    await atWork();
    expect(await begin(prompt)).toBe(first);
    await open();
  });

  it('continues a task that its other waiter leaves, and caches its answer', async () => {
    const { prompt, atWork, open } = gatedPrompt();
    const leaving = new AbortController();
    const init = { ...jsonPost({ prompt }), signal: leaving.signal };
    const left = call('/v1/completions', init);
    left.catch(() => {});
    await atWork();
    const location = await begin(prompt);
    leaving.abort();
    await expect(left).rejects.toThrow();
    await open();
    await until(async () => (await taskAt(location)).status === 'completed', { what: 'the task to end' });
    await until(async () => /hit/.test((await ask(prompt)).headers.get('cache-status')!), {
      what: 'its answer to be cached',
    });
  });
});

describe('a task', () => {
  it('can be cancelled, once', async () => {
    const { prompt, atWork } = gatedPrompt();
    const location = await begin(prompt);
    await atWork();
    const first = await call(location, { method: 'DELETE' });
    expect([first.status, await first.json()]).toEqual([200, { id: expect.any(String), cancelled: true }]);
    expect(await (await call(location, { method: 'DELETE' })).json()).toMatchObject({ cancelled: false });
    expect(await taskAt(location)).toMatchObject({ status: 'killed', error: { code: 'ERR_TASK_CANCELLED' } });
  });

  it('can be cancelled by a client that sends a JSON content type without a body', async () => {
    const { prompt, atWork } = gatedPrompt();
    const location = await begin(prompt);
    await atWork();
    const init = { method: 'DELETE', headers: { 'content-type': 'application/json' } };
    const answer = await call(location, init);
    expect([answer.status, await answer.json()]).toEqual([200, { id: expect.any(String), cancelled: true }]);
    expect((await call(location, { ...init, body: '{' })).status).toBe(400);
  });

  it('that failed says why', async () => {
    const location = await begin('[[fake-claude garbage]]');
    const ended = await until(
      async () => {
        const task = await taskAt(location);
        return task.finished_at !== null && task;
      },
      { what: 'the task to end' },
    );
    expect(ended).toMatchObject({ status: 'failed', result: null, error: { code: expect.any(String) } });
  });

  it('is unknown to other tenants, also to administrators, and under any other id', async () => {
    const { prompt, atWork } = gatedPrompt();
    const location = await begin(prompt);
    await atWork();
    for (const method of ['GET', 'DELETE']) {
      await expectNotFound(await call(location, { method }, KEYS.ops));
      await expectNotFound(await call(`${location}x`, { method }));
      await expectNotFound(await call(location.replace(/\..*/, ''), { method }));
      await expectNotFound(await call('/v1/tasks/nonsense', { method }));
    }
    await expectNotFound(await call(`${location}/events`, {}, KEYS.ops));
    expect((await fetch(gateway.url + location)).status).toBe(401);
    expect((await taskAt(location)).status).toBe('running');
  });
});

async function events(location: string): Promise<Response> {
  const response = await call(`${location}/events`);
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/event-stream; charset=utf-8',
  ]);
  return response;
}

describe('the events of a task', () => {
  it('report each change with heartbeats in between, and end by themselves', async () => {
    const { prompt, atWork, open } = gatedPrompt();
    const location = await begin(prompt);
    await atWork();
    const response = await events(location);
    const decoder = new TextDecoder();
    let text = '';
    const read = (async () => {
      for await (const chunk of response.body!) {
        text += decoder.decode(chunk as Uint8Array, { stream: true });
        if (text.split(': still here').length === 3) await open();
      }
    })();
    await within(read, { what: 'the events to end', timeoutMs: 20_000 });
    const names = [...text.matchAll(/^event: (\w+)$/gm)].map(([, name]) => name);
    const statuses = [...text.matchAll(/"status":"(\w+)"/g)].map(([, status]) => status);
    expect(statuses).toEqual(['running', 'completed']);
    expect(names).toEqual(['status', 'status', 'end']);
  });

  it('of a task that has ended are its state and the end', async () => {
    const location = await begin('[[fake-claude text Another answer.]]');
    await until(async () => (await taskAt(location)).finished_at !== null, { what: 'the task to end' });
    const text = await (await events(location)).text();
    expect(text).toMatch(/^event: status\ndata: \{.*"status":"completed".*\}\n\nevent: end\ndata: \{\}\n\n$/);
  });

  it('stop when their reader leaves; the task continues', async () => {
    const { prompt, atWork, open } = gatedPrompt();
    const location = await begin(prompt);
    await atWork();
    const leaving = new AbortController();
    const response = await call(`${location}/events`, { signal: leaving.signal });
    await response.body!.getReader().read();
    leaving.abort();
    await until(() => gateway.process.stdout.includes('"aborted":true'), {
      what: 'the connection to be closed',
    });
    await open();
    await until(async () => (await taskAt(location)).status === 'completed', { what: 'the task to end' });
  });
});
