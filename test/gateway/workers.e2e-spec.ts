import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FAKE_CLAUDE } from '@test/executors/claude-harness.js';
import { pidsFrom, runs } from '@test/executors/processes.js';
import { type ManagedProcess, RedisServer, spawnNode, until } from '@test/support/index.js';
import type { ApiCall } from '@test/support/messages-api/behaviours.js';
import { MessagesApi } from '@test/support/messages-api/messages-api.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

const WORKER = resolve('apps/gateway/dist/worker.js');

let cache: RedisServer;
let queue: RedisServer;
let model: MessagesApi;
const started: ManagedProcess[] = [];

beforeAll(async () => {
  [cache, queue, model] = await Promise.all([
    RedisServer.start(),
    RedisServer.start({ appendonly: true, extraArgs: ['--appendfsync', 'always'] }),
    MessagesApi.start(),
  ]);
});

afterAll(() => Promise.all([cache.stop(), queue.stop(), model.stop()]));

/** Starts afresh after each group of tests, so that no group sees the tasks of another. */
async function endProcesses(): Promise<void> {
  await Promise.all(started.splice(0).map((child) => child.kill()));
  await Promise.all([cache, queue].map((redis) => redis.client().flushall()));
  model.calls.length = 0;
}

const environment = (env: Record<string, string>): Record<string, string> => ({
  REDIS_URL: cache.url,
  REDIS_COMMAND_TIMEOUT_MS: '10000',
  QUEUE_REDIS_URL: queue.url,
  QUEUE_COMMAND_TIMEOUT_MS: '20000',
  WORKER_POOL: 'bullmq',
  WORKER_EXECUTOR: 'anthropic',
  QUEUE_CONSUMERS: '0',
  ANTHROPIC_MAX_RETRIES: '0',
  ...model.env,
  ...env,
});

async function startApi(env: Record<string, string> = {}): Promise<Gateway> {
  const api = await startGateway(environment(env));
  started.push(api.process);
  return api;
}

async function startWorker(env: Record<string, string> = {}): Promise<ManagedProcess> {
  const worker = spawnNode(WORKER, { env: environment({ NO_COLOR: '1', ...env }) });
  started.push(worker);
  await worker.waitForLine(/^Working/);
  return worker;
}

const submit = (api: Gateway, prompt: string): Promise<Response> => {
  const request = jsonPost({ prompt });
  const headers = { ...(request.headers as Record<string, string>), prefer: 'respond-async' };
  return fetch(`${api.url}/v1/completions`, { ...request, headers });
};

const callWith = (prompt: string): Promise<ApiCall> =>
  until(() => model.calls.find(({ text }) => text.includes(prompt)), {
    what: `the API to be asked ${prompt}`,
  });

const seen = (count: number): Promise<unknown> =>
  until(() => model.calls.length >= count, { what: `${count} executions`, timeoutMs: 60_000 });

describe('two API processes and three workers', () => {
  const CONCURRENCY = 4;
  let apis: Gateway[];
  let workers: ManagedProcess[];

  beforeAll(async () => {
    const env = { WORKER_CONCURRENCY: String(CONCURRENCY) };
    [apis, workers] = await Promise.all([
      Promise.all([startApi(), startApi()]),
      Promise.all([startWorker(env), startWorker(env), startWorker(env)]),
    ]);
  });

  afterAll(endProcesses);

  it('serve 500 requests and compute each of 300 once, despite a killed worker and a restarted queue', async () => {
    const requests = Array.from({ length: 500 }, (_, index) => `answer ${index % 300}`);
    const answers = requests.map(async (answer, index) => {
      const response = await apis[index % 2]!.post('/v1/completions', { prompt: `[[api text ${answer}]]` });
      return [response.status, ((await response.json()) as { completion?: string }).completion];
    });
    await seen(60);
    await workers.shift()!.kill();
    await seen(150);
    await queue.kill();
    await queue.restart();
    expect(await Promise.all(answers)).toEqual(requests.map((answer) => [200, answer]));
    const executions = new Map<string, number>();
    for (const { text } of model.calls) executions.set(text, (executions.get(text) ?? 0) + 1);
    expect(executions.size).toBe(300);
    // What the killed worker was at, as many tasks as it runs at a time, was begun and lost: it is run once more.
    const repeated = [...executions.values()].filter((count) => count > 1);
    expect(repeated.length).toBeLessThanOrEqual(CONCURRENCY);
    expect(Math.max(...executions.values())).toBeLessThanOrEqual(2);
  }, 120_000);

  it('send Retry-After to both callers that shared a request refused by the API', async () => {
    const prompt = '[[api rate-limit 7]]';
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, index) => apis[index % 2]!.post('/v1/completions', { prompt })),
    );
    const told = answers.map(({ status, headers }) => [status, headers.get('retry-after')]);
    expect(told).toEqual(answers.map(() => [502, '7']));
  });

  it('lose no result when the API process that submitted the task dies', async () => {
    const [first, second] = apis as [Gateway, Gateway];
    const prompt = 'asked by one that dies [[api gate]]';
    const asked = first.post('/v1/completions', { prompt }).catch(() => 'cut off');
    const call = await callWith(prompt);
    await first.process.kill();
    expect(await asked).toBe('cut off');
    call.gate.emit('open');
    const request = jsonPost({ prompt });
    const headers = { ...(request.headers as Record<string, string>), 'cache-control': 'only-if-cached' };
    const response = await until(
      async () => {
        const answer = await fetch(`${second.url}/v1/completions`, { ...request, headers });
        return answer.status === 200 && answer;
      },
      { what: 'the answer to be in the cache' },
    );
    expect(await response.json()).toMatchObject({ completion: 'through the gate', cached: true });
    expect(model.calls.filter(({ text }) => text.includes(prompt))).toHaveLength(1);
  });

  it('finish running tasks before the workers exit with 0', async () => {
    const prompt = 'asked of one that ends [[api gate]]';
    const answer = apis[1]!.post('/v1/completions', { prompt });
    const call = await callWith(prompt);
    for (const worker of workers) worker.signal('SIGTERM');
    call.gate.emit('open');
    expect(await (await answer).json()).toMatchObject({ completion: 'through the gate' });
    for (const { exited } of workers) expect(await exited).toEqual({ code: 0, signal: null });
  });
});

describe('a task', () => {
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'workers-e2e-'));
  });

  afterAll(async () => {
    await endProcesses();
    await rm(folder, { recursive: true });
  });

  it('is cancelled through another API process, with the process group that its worker runs', async () => {
    const env = { WORKER_EXECUTOR: 'claude-cli', CLAUDE_CLI_PATH: FAKE_CLAUDE };
    const [first, second] = await Promise.all([startApi(env), startApi(env), startWorker(env)]);
    const file = join(folder, 'pids.json');
    const response = await submit(first, `[[fake-claude grandchild ${file}]]`);
    expect(response.status).toBe(202);
    const location = response.headers.get('location')!;
    const { claude = 0, grandchild = 0 } = await pidsFrom(file);
    expect([runs(claude), runs(grandchild)]).toEqual([true, true]);
    expect(await (await second.delete(location)).json()).toMatchObject({ cancelled: true });
    expect(await (await first.get(location)).json()).toMatchObject({
      status: 'killed',
      error: { code: 'ERR_TASK_CANCELLED' },
    });
    await until(() => !runs(claude) && !runs(grandchild), { what: 'the process group to be gone' });
  });
});

describe("while the queue's Redis is unavailable", () => {
  afterAll(endProcesses);

  it('waiting requests are computed by the API, others get 503, and both recover', async () => {
    const [api] = await Promise.all([startApi({ QUEUE_COMMAND_TIMEOUT_MS: '500' }), startWorker()]);
    const health = async (): Promise<unknown> => (await api.get('/health')).json();
    await until(async () => ((await health()) as { status: string }).status === 'ok', { what: 'health' });
    await queue.kill();
    const response = await api.post('/v1/completions', { prompt: '[[api text done here]]' });
    expect([response.status, await response.json()]).toMatchObject([200, { completion: 'done here' }]);
    const refused = await submit(api, '[[api text for later]]');
    expect([refused.status, await refused.json()]).toMatchObject([503, { code: 'ERR_POOL_UNAVAILABLE' }]);
    expect(await health()).toMatchObject({ status: 'degraded', details: { pool: { status: 'degraded' } } });
    await queue.restart();
    const accepted = await until(
      async () => {
        const answer = await submit(api, '[[api text for later]]');
        return answer.status === 202 && answer;
      },
      { what: 'a submission to be accepted again' },
    );
    await until(
      async () => {
        const task = await (await api.get(accepted.headers.get('location')!)).json();
        return (task as { status: string }).status === 'completed';
      },
      { what: 'a worker to do it' },
    );
    expect(await health()).toMatchObject({ status: 'ok', details: { pool: { status: 'up', workers: 1 } } });
  });
});

describe('a worker process', () => {
  it('fails for an invalid variable and names it', async () => {
    const wrong = { WORKER_POOL: 'local', WORKER_CONCURRENCY: '0', QUEUE_REDIS_URL: 'http://queue' };
    const ends = Object.entries(wrong).map(async ([variable, value]) => {
      const worker = spawnNode(WORKER, { env: environment({ [variable]: value }) });
      return [
        variable,
        await worker.exited,
        worker.stderr.match(/The worker did not start: \w+ is invalid/)?.[0],
      ];
    });
    expect(await Promise.all(ends)).toEqual(
      Object.keys(wrong).map((variable) => [
        variable,
        { code: 1, signal: null },
        `The worker did not start: ${variable} is invalid`,
      ]),
    );
  });
});
