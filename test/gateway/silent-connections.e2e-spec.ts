import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { until, within } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

/** Other limits are longer than a test waits. */
const OTHERS = {
  HEADERS_TIMEOUT_MS: '120000',
  REQUEST_TIMEOUT_MS: '120000',
  KEEP_ALIVE_TIMEOUT_MS: '120000',
  TASK_TIMEOUT_MS: '120000',
};
const HEAD = 'POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

let folder: string;
let gateway: Gateway;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-silent-'));
  gateway = await startGateway({
    ...OTHERS,
    CONNECTION_TIMEOUT_MS: '1000',
    WORKER_EXECUTOR: 'claude-cli',
    CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs'),
    SHUTDOWN_DRAIN_MS: '0',
  });
});

afterAll(async () => {
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Sends the text and nothing else. Resolves to everything the server sent, once it has closed the connection. */
function sayOnce(text: string): Promise<string> {
  const { hostname, port } = new URL(gateway.url);
  const socket = connect({ host: hostname, port: Number(port) });
  let said = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  socket.on('error', () => undefined);
  socket.write(text);
  const closed = once(socket, 'close').then(() => said);
  return within(closed, { what: 'the server to close the connection', timeoutMs: 20_000 });
}

async function killedTasks(): Promise<number> {
  const metrics = await (await gateway.get('/metrics')).text();
  return Number(/^worker_pool_tasks_total\{\w+="killed"\} (\d+)/m.exec(metrics)?.[1]);
}

describe('a connection that is silent for CONNECTION_TIMEOUT_MS is closed', () => {
  it('in the middle of a body', async () => {
    expect(await sayOnce(`${HEAD}Content-Length: 1000\r\n\r\n{"prompt":`)).toBe('');
  });

  it('while its answer is computed, which is cancelled', async () => {
    const body = JSON.stringify({ prompt: `[[fake-claude hang ${join(folder, 'pids')}]]` });
    expect(await sayOnce(`${HEAD}Content-Length: ${body.length}\r\n\r\n${body}`)).toBe('');
    await until(async () => (await killedTasks()) === 1, { what: 'the task to be ended' });
  });

  it('unless it is in use', async () => {
    expect((await gateway.post('/v1/completions', { prompt: '[[fake-claude text here]]' })).status).toBe(200);
  });
});
