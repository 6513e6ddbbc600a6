import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { deadLetters } from './dead-letters.js';
import { type Gateway, startGateway } from './start-gateway.js';

const CLI = {
  WORKER_EXECUTOR: 'claude-cli',
  CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
  SHUTDOWN_DRAIN_MS: '0',
};
const LATER = '[[fake-claude text An answer.]]';
let folder: string;
let redis: RedisServer | undefined;
let gateways: Gateway[] = [];
let gates = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-queue-'));
});

afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await redis?.stop();
  gateways = [];
  redis = undefined;
});

afterAll(() => rm(folder, { recursive: true, force: true }));

async function start(env: Record<string, string>): Promise<Gateway> {
  const gateway = await startGateway({ ...CLI, ...env });
  gateways.push(gateway);
  return gateway;
}

/** A prompt whose completion ends once its gate is opened. */
function gatedPrompt(): {
  prompt: string;
  atWork: () => Promise<unknown>;
  open: () => Promise<void>;
  gate: string;
} {
  gates += 1;
  const gate = join(folder, `gate-${gates}`);
  return {
    gate,
    prompt: `[[fake-claude gate ${gate}]]`,
    atWork: () => until(() => readFile(gate), { what: 'the CLI to be at work', timeoutMs: 40_000 }),
    open: () => writeFile(`${gate}.go`, ''),
  };
}

function untilCached(gateway: Gateway, prompt: string): Promise<unknown> {
  const ask = async (): Promise<boolean> => {
    const init = { 'content-type': 'application/json', 'cache-control': 'only-if-cached' };
    const body = JSON.stringify({ prompt });
    return (
      (await fetch(`${gateway.url}/v1/completions`, { method: 'POST', headers: init, body })).status === 200
    );
  };
  return until(ask, { what: 'the answer to be in the cache', timeoutMs: 40_000, everyMs: 50 });
}

async function refusedByThePool(gateway: Gateway): Promise<number> {
  const metrics = await (await gateway.get('/metrics')).text();
  const counted = /^worker_pool_tasks_total\{\w+="rejected"\} (\d+)/m.exec(metrics);
  if (!counted) throw new Error('there is no count of what the pool refused');
  return Number(counted[1]);
}

async function length(gateway: Gateway): Promise<number> {
  return ((await (await gateway.get('/v1/queue')).json()) as { length: number }).length;
}

describe('a queued request', () => {
  it('goes back uncounted while the pool is full, and is computed afterwards', async () => {
    const gateway = await start({ WORKER_CONCURRENCY: '1', WORKER_BACKLOG: '0' });
    const work = gatedPrompt();
    const answered = gateway.post('/v1/completions', { prompt: work.prompt });
    await work.atWork();
    expect((await gateway.post('/v1/queue', { prompt: LATER })).status).toBe(202);
    await until(async () => (await refusedByThePool(gateway)) > 0 && (await length(gateway)) === 1, {
      what: 'it to be given back',
    });
    await work.open();
    expect((await answered).status).toBe(200);
    await untilCached(gateway, LATER);
    expect(gateway.process.stdout + gateway.process.stderr).not.toMatch(/delivery \d+ of/);
    expect(await deadLetters(gateway)).toEqual([]);
  });

  it('is handled by another process when the process that reserved it is killed', async () => {
    redis = await RedisServer.start();
    const env = { REDIS_URL: redis.url, QUEUE_LEASE_SECONDS: '3' };
    const first = await start(env);
    const work = gatedPrompt();
    expect((await first.post('/v1/queue', { prompt: work.prompt })).status).toBe(202);
    await work.atWork();
    await rm(work.gate);
    const second = await start(env);
    expect(await length(second)).toBe(0);
    await first.process.kill();
    await work.atWork();
    await work.open();
    await untilCached(second, work.prompt);
    expect(await deadLetters(second)).toEqual([]);
  });
});
