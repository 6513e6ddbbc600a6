import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runs } from '@test/executors/processes.js';
import { until } from '@test/support/index.js';
import { type Gateway, startGateway } from './start-gateway.js';

const CLI = { WORKER_EXECUTOR: 'claude-cli', CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs') };
const MISS = 'redis-cache; fwd=miss';

let gateway: Gateway;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateway-cli-'));
});

afterEach(async () => {
  await gateway?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Resolves with the process id of the CLI once it is at its gate. */
function atGate(gate: string): Promise<number> {
  return until(async () => (JSON.parse(await readFile(gate, 'utf8')) as { claude: number }).claude, {
    what: 'the CLI to be at work',
  });
}

describe('the gateway on the claude-cli executor', () => {
  it('returns the completion and cost of the CLI, then the same from the cache', async () => {
    gateway = await startGateway(CLI);
    const body = { prompt: '[[fake-claude text forty-two]]', model: 'sonnet' };
    const first = await gateway.post('/v1/completions', body);
    const answer = {
      completion: 'forty-two',
      usage: { input_tokens: 123, output_tokens: 7 },
      model: 'fake-model-1',
      stop_reason: 'end_turn',
    };
    expect(await first.json()).toEqual({ ...answer, cost: 0.0125, cached: false, cost_saved: 0 });
    const second = await gateway.post('/v1/completions', body);
    expect(second.headers.get('cache-status')).toMatch(/^redis-cache; hit/);
    expect(await second.json()).toEqual({ ...answer, cost: 0, cached: true, cost_saved: 0.0125 });
  });

  it.each(['refusal', 'max-tokens'])('never caches an answer that ends as %s', async (mode) => {
    gateway = await startGateway(CLI);
    for (let round = 0; round < 2; round += 1) {
      const response = await gateway.post('/v1/completions', { prompt: `[[fake-claude ${mode}]]` });
      expect([response.status, response.headers.get('cache-status')]).toEqual([200, MISS]);
      expect(await response.json()).toMatchObject({ cached: false, stop_reason: mode.replace('-', '_') });
    }
  });

  it.each(['is-error', 'is-error-zero', 'garbage', 'exit'])(
    'responds with 502 to %s, and caches nothing',
    async (mode) => {
      gateway = await startGateway(CLI);
      for (let round = 0; round < 2; round += 1) {
        const response = await gateway.post('/v1/completions', { prompt: `[[fake-claude ${mode}]]` });
        expect(response.status).toBe(502);
        expect(response.headers.get('content-type')).toContain('application/problem+json');
      }
      const good = await gateway.post('/v1/completions', { prompt: '[[fake-claude text fine]]' });
      expect(good.status).toBe(200);
    },
  );

  it('returns 504 when the task times out', async () => {
    gateway = await startGateway({ ...CLI, TASK_TIMEOUT_MS: '300' });
    const response = await gateway.post('/v1/completions', { prompt: '[[fake-claude hang]]' });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ status: 504, code: 'ERR_TASK_TIMEOUT' });
  });

  it('returns 400 for parameters that the CLI cannot honour', async () => {
    gateway = await startGateway(CLI);
    const response = await gateway.post('/v1/completions', { prompt: 'a', temperature: 0 });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field: 'temperature' }] });
  });

  it('returns 429 with Retry-After when the backlog is full, and still serves hits', async () => {
    gateway = await startGateway({ ...CLI, WORKER_CONCURRENCY: '1', WORKER_BACKLOG: '0' });
    const known = { prompt: '[[fake-claude text known]]' };
    expect((await gateway.post('/v1/completions', known)).status).toBe(200);
    const gate = join(folder, 'gate');
    const busy = gateway.post('/v1/completions', { prompt: `[[fake-claude gate ${gate}]]` });
    await atGate(gate);

    const refused = await gateway.post('/v1/completions', { prompt: '[[fake-claude text other]]' });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const hit = await gateway.post('/v1/completions', known);
    expect(hit.headers.get('cache-status')).toMatch(/^redis-cache; hit/);

    await writeFile(`${gate}.go`, '');
    expect((await busy).status).toBe(200);
  });

  it('finishes a running request before it stops', async () => {
    gateway = await startGateway(CLI);
    const gate = join(folder, 'gate');
    const inFlight = gateway.post('/v1/completions', { prompt: `[[fake-claude gate ${gate}]]` });
    await atGate(gate);
    gateway.process.signal('SIGTERM');
    await until(() => gateway.get('/health/live').then(notRefused, () => true), {
      what: 'the server to take no new connection',
    });
    await writeFile(`${gate}.go`, '');
    const response = await inFlight;
    expect([response.status, ((await response.json()) as { completion: string }).completion]).toEqual([
      200,
      'an answer',
    ]);
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
  });

  it('ends a request after the drain time with 503, and kills its CLI', async () => {
    gateway = await startGateway({ ...CLI, SHUTDOWN_DRAIN_MS: '200' });
    const gate = join(folder, 'gate');
    const inFlight = gateway.post('/v1/completions', { prompt: `[[fake-claude gate ${gate}]]` });
    const pid = await atGate(gate);
    gateway.process.signal('SIGTERM');
    expect((await inFlight).status).toBe(503);
    expect(await gateway.process.exited).toEqual({ code: 0, signal: null });
    expect(runs(pid)).toBe(false);
  });
});

function notRefused(response: Response): boolean {
  return response.status === 503;
}
