import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RedisServer, until } from '@test/support/index.js';
import { deadLetters } from './dead-letters.js';
import { lineOf, linesOf } from './log-lines.js';
import { type Gateway, jsonPost, startGateway } from './start-gateway.js';

/** What only the operator may see: the folder of the CLI, its stderr and its own words. */
const PRIVATE = [
  /gateway-private-/,
  /fake-claude\.mjs/,
  /fatal/,
  /credit balance/i,
  /run \/login/,
  /it broke/,
];
const FAILURES = ['exit', 'is-error', 'is-error-zero', 'execution', 'garbage'];

let folder: string;
let redis: RedisServer;
let gateway: Gateway;
let other: Gateway;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-private-'));
  redis = await RedisServer.start();
  // Otherwise a dump of a key hides texts by compressing them.
  await redis.client().config('SET', 'rdbcompression', 'no');
  const executable = join(folder, 'fake-claude.mjs');
  await copyFile('test/fixtures/fake-claude.mjs', executable);
  const env = { REDIS_URL: redis.url, WORKER_EXECUTOR: 'claude-cli', QUEUE_LEASE_SECONDS: '1' };
  [gateway, other] = await Promise.all([
    startGateway({ ...env, CLAUDE_CLI_PATH: executable }),
    startGateway({ ...env, CLAUDE_CLI_PATH: join(folder, 'no-claude'), REDIS_KEY_PREFIX: 'missing-cli' }),
  ]);
  // Delivered several times, with growing pauses, while the other tests run.
  await gateway.post('/v1/queue', { prompt: '[[fake-claude exit]] queued' });
});

afterAll(async () => {
  await Promise.all([gateway?.stop(), other?.stop()]);
  await redis?.stop();
  await rm(folder, { recursive: true, force: true });
});

function expectNothingPrivate(text: string): void {
  for (const word of PRIVATE) expect(text).not.toMatch(word);
}

async function everythingInRedis(): Promise<string> {
  const client = redis.client();
  const dumps = (await client.keys('*')).map((key) => client.dumpBuffer(key));
  return (await Promise.all(dumps)).map((dump) => dump?.toString('latin1') ?? '').join('\n');
}

const messages = (prompt: string) => [{ role: 'user', content: prompt }];
const ROUTES: [path: string, body: (prompt: string) => object][] = [
  ['/v1/completions', (prompt) => ({ prompt })],
  ['/v1/completions', (prompt) => ({ prompt, stream: true })],
  ['/v1/messages', (prompt) => ({ model: 'm', max_tokens: 9, messages: messages(prompt) })],
  ['/v1/messages', (prompt) => ({ model: 'm', max_tokens: 9, messages: messages(prompt), stream: true })],
  ['/v1/chat/completions', (prompt) => ({ model: 'm', messages: messages(prompt) })],
];

describe('a failure of the CLI', () => {
  it.each(FAILURES)('shows neither its path nor its output to clients of any route: %s', async (mode) => {
    for (const [path, body] of ROUTES) {
      const response = await gateway.post(path, body(`[[fake-claude ${mode}]] ${path}`));
      const text = await response.text();
      expect(text).toMatch(/the claude CLI|the program of the executor/);
      expectNothingPrivate(text);
    }
  });

  it('of a CLI that is not there names no path either', async () => {
    const text = await (await other.post('/v1/completions', { prompt: 'a' })).text();
    expect(text).toContain('ERR_PROCESS_START');
    expectNothingPrivate(text);
  });

  it('is in the log as a whole, with the task that the line of the request names', async () => {
    const init = jsonPost({ prompt: '[[fake-claude exit]] logged' });
    const headers = { ...init.headers, 'x-request-id': 'asked-once' };
    await (await fetch(`${gateway.url}/v1/completions`, { ...init, headers })).text();
    const { error, task } = await lineOf(gateway, 'asked-once');
    expect(error).toBe('ERR_PROCESS_EXIT');
    const message = await until(
      () => linesOf(gateway).find(({ msg }) => String(msg).startsWith(`task ${String(task)}: `))?.['msg'],
      { what: 'the line of the task' },
    );
    expect(message).toContain(folder);
    expect(message).toContain('fatal');
  });

  it('shows none of it in the view of a task', async () => {
    const init = jsonPost({ prompt: '[[fake-claude exit]] in the background' });
    const headers = { ...init.headers, prefer: 'respond-async' };
    const begun = await fetch(`${gateway.url}/v1/completions`, { ...init, headers });
    const location = begun.headers.get('location')!;
    const view = await until(
      async () => {
        const text = await (await gateway.get(location)).text();
        return text.includes('"failed"') && text;
      },
      { what: 'the task to fail' },
    );
    expect(view).toContain('ERR_PROCESS_EXIT');
    expectNothingPrivate(view);
    expectNothingPrivate(await (await gateway.get(`${location}/events`)).text());
  });

  it('shows none of it in a dead letter, nor anywhere in Redis', async () => {
    const dead = await until(
      async () => {
        const found = await deadLetters(gateway);
        return found.length > 0 && found;
      },
      { what: 'the request to be dead', timeoutMs: 50_000 },
    );
    expect(dead[0]!.reason).toBe('the program of the executor exited with code 3');
    expectNothingPrivate(dead[0]!.reason);
    const stored = await everythingInRedis();
    expect(stored).toContain('the program of the executor exited with code 3');
    expect(stored).not.toContain(folder);
    expect(stored).not.toContain('fatal');
  });
});
