import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runs } from '../executors/processes.js';
import { until } from '../support/index.js';
import { type Demo, startDemo } from './start-demo.js';

const CLI = { WORKER_EXECUTOR: 'claude-cli', CLAUDE_CLI_PATH: resolve('test/fixtures/fake-claude.mjs') };
const MISS = 'redis-cache; fwd=miss';

let demo: Demo;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-cli-'));
});

afterEach(async () => {
  await demo?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Resolves with the process id of the CLI once it is at its gate. */
function atGate(gate: string): Promise<number> {
  return until(async () => (JSON.parse(await readFile(gate, 'utf8')) as { claude: number }).claude, {
    what: 'the CLI to be at work',
  });
}

describe('the demo on the claude-cli executor', () => {
  it('answers with what the CLI says and costs, and a second time from the cache', async () => {
    demo = await startDemo(CLI);
    const body = { prompt: '[[fake-claude text forty-two]]', model: 'sonnet' };
    const first = await demo.post('/v1/completions', body);
    const answer = {
      completion: 'forty-two',
      usage: { input_tokens: 123, output_tokens: 7 },
      model: 'fake-model-1',
      stop_reason: 'end_turn',
    };
    expect(await first.json()).toEqual({ ...answer, cost: 0.0125, cached: false, cost_saved: 0 });
    const second = await demo.post('/v1/completions', body);
    expect(second.headers.get('cache-status')).toMatch(/^redis-cache; hit/);
    expect(await second.json()).toEqual({ ...answer, cost: 0, cached: true, cost_saved: 0.0125 });
  });

  it.each(['refusal', 'max-tokens'])('never caches an answer that ends as %s', async (mode) => {
    demo = await startDemo(CLI);
    for (let round = 0; round < 2; round += 1) {
      const response = await demo.post('/v1/completions', { prompt: `[[fake-claude ${mode}]]` });
      expect([response.status, response.headers.get('cache-status')]).toEqual([200, MISS]);
      expect(await response.json()).toMatchObject({ cached: false, stop_reason: mode.replace('-', '_') });
    }
  });

  it.each(['is-error', 'is-error-zero', 'garbage', 'exit'])(
    'answers 502 to %s, each time anew',
    async (mode) => {
      demo = await startDemo(CLI);
      for (let round = 0; round < 2; round += 1) {
        const response = await demo.post('/v1/completions', { prompt: `[[fake-claude ${mode}]]` });
        expect(response.status).toBe(502);
        expect(response.headers.get('content-type')).toContain('application/problem+json');
      }
      const good = await demo.post('/v1/completions', { prompt: '[[fake-claude text fine]]' });
      expect(good.status).toBe(200);
    },
  );

  it('answers 504 when the task runs out of time', async () => {
    demo = await startDemo({ ...CLI, TASK_TIMEOUT_MS: '300' });
    const response = await demo.post('/v1/completions', { prompt: '[[fake-claude hang]]' });
    expect(response.status).toBe(504);
    expect(await response.json()).toMatchObject({ status: 504, code: 'ERR_TASK_TIMEOUT' });
  });

  it('answers 400 to what the CLI cannot honour', async () => {
    demo = await startDemo(CLI);
    const response = await demo.post('/v1/completions', { prompt: 'a', temperature: 0 });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ field: 'temperature' }] });
  });

  it('answers 429 with Retry-After when the backlog is full, and still serves hits', async () => {
    demo = await startDemo({ ...CLI, WORKER_CONCURRENCY: '1', WORKER_BACKLOG: '0' });
    const known = { prompt: '[[fake-claude text known]]' };
    expect((await demo.post('/v1/completions', known)).status).toBe(200);
    const gate = join(folder, 'gate');
    const busy = demo.post('/v1/completions', { prompt: `[[fake-claude gate ${gate}]]` });
    await atGate(gate);

    const refused = await demo.post('/v1/completions', { prompt: '[[fake-claude text other]]' });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    const hit = await demo.post('/v1/completions', known);
    expect(hit.headers.get('cache-status')).toMatch(/^redis-cache; hit/);

    await writeFile(`${gate}.go`, '');
    expect((await busy).status).toBe(200);
  });

  it('lets a request in flight finish when it is told to stop', async () => {
    demo = await startDemo(CLI);
    const gate = join(folder, 'gate');
    const inFlight = demo.post('/v1/completions', { prompt: `[[fake-claude gate ${gate}]]` });
    await atGate(gate);
    demo.process.signal('SIGTERM');
    await until(() => demo.get('/health/live').then(notRefused, () => true), {
      what: 'the server to take no new connection',
    });
    await writeFile(`${gate}.go`, '');
    const response = await inFlight;
    expect([response.status, ((await response.json()) as { completion: string }).completion]).toEqual([
      200,
      'an answer',
    ]);
    expect(await demo.process.exited).toEqual({ code: 0, signal: null });
  });

  it('ends a request that does not finish in the drain time with 503, and the CLI with it', async () => {
    demo = await startDemo({ ...CLI, SHUTDOWN_DRAIN_MS: '200' });
    const gate = join(folder, 'gate');
    const inFlight = demo.post('/v1/completions', { prompt: `[[fake-claude gate ${gate}]]` });
    const pid = await atGate(gate);
    demo.process.signal('SIGTERM');
    expect((await inFlight).status).toBe(503);
    expect(await demo.process.exited).toEqual({ code: 0, signal: null });
    expect(runs(pid)).toBe(false);
  });
});

function notRefused(response: Response): boolean {
  return response.status === 503;
}
