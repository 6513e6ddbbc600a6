import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { until, within } from '@test/support/index.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

let folder: string;
let gateway: Gateway;
let sockets: Socket[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-backpressure-'));
  sockets = [];
  gateway = await startGateway({
    WORKER_EXECUTOR: 'claude-cli',
    CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
    WORKER_CONCURRENCY: '1',
    WORKER_BACKLOG: '1',
    CACHE_SOFT_TIMEOUT_MS: '60000',
    SHUTDOWN_DRAIN_MS: '0',
  });
});

afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await gateway.stop();
  await rm(folder, { recursive: true, force: true });
});

const gatePath = (name: string): string => join(folder, name);
const gated = (name: string): string => `[[fake-claude gate ${gatePath(name)}]]`;
const open = (name: string): Promise<void> => writeFile(`${gatePath(name)}.go`, '');

function ask(prompt: string, more: object = {}): Promise<Response> {
  return gateway.post('/v1/completions', { prompt, ...more });
}

/** Resolves to the process id of the CLI. */
async function atWork(name: string): Promise<number> {
  const pids = await until(() => readFile(gatePath(name), 'utf8'), { what: 'the CLI to be at work' });
  const { claude } = JSON.parse(pids) as { claude: number };
  expect(isRunning(claude)).toBe(true);
  return claude;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

/** A client on its own socket, which leaves abruptly when it is destroyed. */
async function askBySocket(prompt: string): Promise<Socket> {
  const { hostname, port } = new URL(gateway.url);
  const body = JSON.stringify({ prompt });
  const socket = connect(Number(port), hostname);
  sockets.push(socket);
  socket.on('error', () => {});
  const head = `POST /v1/completions HTTP/1.1\r\nHost: ${hostname}\r\nContent-Type: application/json\r\n`;
  const request = `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  await new Promise<void>((sent) => socket.write(request, () => sent()));
  return socket;
}

describe('a client that leaves', () => {
  it('cancels the task if no one else waits for it', async () => {
    const socket = await askBySocket(gated('alone'));
    const pid = await atWork('alone');
    socket.destroy();
    await until(() => !isRunning(pid), { what: 'the CLI to be ended' });
    // The worker is free again.
    expect((await ask('[[fake-claude text next]]')).status).toBe(200);
  });

  it('does not cancel a task that another client waits for', async () => {
    const first = await askBySocket(gated('shared'));
    const pid = await atWork('shared');
    const second = await askBySocket(gated('shared'));
    const third = await askBySocket(gated('shared'));
    // When this responds, everything that was sent before it has arrived.
    for (let round = 0; round < 2; round += 1) await gateway.get('/health/live');
    first.destroy();
    third.destroy();
    await until(() => lines('"aborted":true') === 2, { what: 'both to have left' });
    expect(isRunning(pid)).toBe(true);
    await open('shared');
    const [answer] = (await within(once(second, 'data'), { what: 'the answer' })) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer.toString()).toMatch(/cache-status: redis-cache; fwd=miss; (collapsed|stored)\r\n/i);
  });
});

describe('a full backlog', () => {
  it('refuses requests that need computing, and serves hits, stale answers and joining requests', async () => {
    await ask('[[fake-claude text a hit]]');
    await ask('[[fake-claude text stale]]', { ttl_seconds: 0.05 });
    const running = ask(gated('running'));
    await atWork('running');
    const waiting = ask('[[fake-claude text waiting]]');
    const joining = [ask(gated('running')), ask('[[fake-claude text waiting]]')];
    const refused = await until(
      async () => {
        const response = await ask(`[[fake-claude text refused ${Math.random()}]]`);
        return response.status === 429 && response;
      },
      { what: 'the backlog to be full' },
    );
    expect(refused.headers.get('content-type')).toContain('application/problem+json');
    expect(await refused.json()).toMatchObject({ status: 429, code: 'ERR_POOL_SATURATED' });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const asynchronous = await fetch(`${gateway.url}/v1/completions`, {
      ...jsonPost({ prompt: '[[fake-claude text refused too]]' }),
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
    });
    expect(asynchronous.status).toBe(429);

    expect((await ask('[[fake-claude text a hit]]')).headers.get('cache-status')).toMatch(/; hit/);
    expect((await ask('[[fake-claude text stale]]')).headers.get('cache-status')).toBe(
      'redis-cache; fwd=stale',
    );
    joining.push(ask(gated('running')));
    await open('running');
    const statuses = await Promise.all(
      [running, waiting, ...joining].map(async (answer) => (await answer).status),
    );
    expect(statuses).toEqual(Array(5).fill(200));
  });
});

function lines(text: string): number {
  return gateway.process.stdout.split(text).length - 1;
}
